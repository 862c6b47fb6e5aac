"""What this machine's CPU can do, as Linux tells it."""

from __future__ import annotations


def cpu_flags() -> str:
    """The flags of the first CPU in /proc/cpuinfo; "" where the system has no such file or line."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as cpuinfo:
            lines = (line.partition(":") for line in cpuinfo)
            return next((value for key, _, value in lines if key.strip() == "flags"), "")
    except OSError:
        return ""
