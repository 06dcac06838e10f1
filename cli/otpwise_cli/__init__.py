"""Otpwise's terminal front end: the same findings as the editor, in a shell and in CI."""
