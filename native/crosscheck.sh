#!/usr/bin/env bash
# The NEON kernel on an x86 machine: cross-compiled, run under qemu, streams compared with those of the kernels here.
# Needs g++-aarch64-linux-gnu and qemu-user.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++17 -O2 -Wall -Wextra -pthread"
common="src/description.cpp src/network.cpp src/streams.cpp src/tile.cpp src/codec.cpp src/decoding.cpp src/encoding.cpp src/isa.cpp src/kernel_portable.cpp tests/crosscheck.cpp"
g++ $flags -mavx2 -mbmi -mbmi2 -mpopcnt -c src/kernel_avx2.cpp -o "$work/avx2.o"
g++ $flags -Wno-uninitialized -mavx2 -mbmi -mbmi2 -mpopcnt -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni \
  -c src/kernel_avx512.cpp -o "$work/avx512.o"
g++ $flags $common "$work/avx2.o" "$work/avx512.o" -o "$work/here"
aarch64-linux-gnu-g++ $flags -static $common src/kernel_neon.cpp -o "$work/there"
"$work/here" >"$work/here.txt"
qemu-aarch64 "$work/there" >"$work/there.txt"
diff "$work/here.txt" "$work/there.txt"
cat "$work/here.txt"
echo "the same on both"
