"""What holds for all tests: nothing is kept in the folders of whoever runs them."""

from __future__ import annotations

import os
import tempfile

os.environ["OTPWISE_CACHE_DIR"] = tempfile.mkdtemp(prefix="otpwise-cache-")
