"""Which processor it is, and which instruction sets it has that decide how fast a model is read.

By hand: numpy's own list knows neither AMX nor AVX-VNNI, torch's takes seconds to import and knows x86 alone, and
py-cpuinfo has rested since 2022.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

INSTRUCTION_SETS = {
    "avx": "AVX",
    "avx2": "AVX2",
    "fma": "FMA",
    "avx512f": "AVX-512",
    "avx_vnni": "AVX-VNNI",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512_bf16": "AVX-512 BF16",
    "amx_int8": "AMX INT8",
    "amx_bf16": "AMX BF16",
    "asimd": "NEON",
    "advsimd": "NEON",
    "asimddp": "dot product",
    "feat_dotprod": "dot product",
    "i8mm": "I8MM",
    "feat_i8mm": "I8MM",
    "bf16": "BF16",
    "feat_bf16": "BF16",
    "sve": "SVE",
}
"""What matters to products of 8-bit and of 32-bit numbers, by the names that Linux and macOS give it."""

# takes "flags\t\t: fpu avx2" and "Features\t: asimd bf16"; not "vmx flags\t: ept"
_FLAGS = re.compile(r"^(?:flags|Features)\s*:(.*)$", re.M)
# takes "model name\t: Intel(R) Xeon(R)"; not "model\t\t: 143"
_MODEL = re.compile(r"^model name\s*:(.*)$", re.M)
# takes "hw.optional.arm.FEAT_I8MM: 1" and "hw.optional.avx2_0: 1"; not "hw.optional.arm.FEAT_SME: 0"
_OPTIONAL = re.compile(r"^hw\.optional\.(?:arm\.)?(\w+?)(?:_0)?: 1$", re.M)


def processor() -> dict[str, Any]:
    """The processor's name as the system gives it, the cores this process may use, and its instruction sets.

    The last is None where the system does not tell.
    """
    if platform.system() == "Darwin":
        text = subprocess.run(["sysctl", "-a"], capture_output=True, text=True, check=False).stdout
        found: list[str] | None = known_sets(_OPTIONAL.findall(text))
        name = platform.processor()
    else:
        name, found = described(_cpuinfo())
    return {"processor": name or platform.machine(), "cores": cores(), "instruction_sets": found}


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def described(cpuinfo: str) -> tuple[str, list[str] | None]:
    """The name and the instruction sets in the text of Linux's /proc/cpuinfo; "" and None where it does not tell."""
    name, flags = _MODEL.search(cpuinfo), _FLAGS.search(cpuinfo)
    return name[1].strip() if name else "", known_sets(flags[1].split()) if flags else None


def known_sets(names: list[str]) -> list[str]:
    """Those of `INSTRUCTION_SETS` among a system's names, in that order, each once."""
    lower = {name.lower() for name in names}
    return list(dict.fromkeys(known for name, known in INSTRUCTION_SETS.items() if name in lower))


def cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
