"""Test that the metrics load nothing heavy."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["skspot.metrics", "skspot.model_selection"])
def test_import_is_light(package):
    code = (
        f"import sys, {package}\n"
        "print(*{'torch', 'cv2', 'matplotlib', 'skorch', 'av'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
