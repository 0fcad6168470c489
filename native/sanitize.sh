#!/usr/bin/env bash
# AddressSanitizer and UndefinedBehaviorSanitizer over everything that reads weights and streams of strangers:
# the C++ cross-check by itself, then the Python module under its tests or, with --fuzz MINUTES, under tests/fuzz.
# Runs in the Python environment that is active; it needs neuroc-codec, the plugins, nanobind, cmake, ninja.
set -euo pipefail
cd "$(dirname "$0")"
minutes=0
[ "${1:-}" = --fuzz ] && minutes=$2
python=$(python -c 'import sys; print(sys.executable)')
cmake -S . -B build/sanitize -G Ninja -DCMAKE_BUILD_TYPE=Debug -DNEUROC_SANITIZE=ON \
  -DPython_EXECUTABLE="$python" -Dnanobind_DIR="$("$python" -m nanobind --cmake_dir)" >/dev/null
cmake --build build/sanitize
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
build/sanitize/crosscheck >/dev/null

# The package as it stands here, with the checked module instead of the installed one.
package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
cp -r neuroc_native "$package"
rm -f "$package"/neuroc_native/_native*.so
cp build/sanitize/_native*.so "$package/neuroc_native"
mkdir "$package/neuroc_native-0.1.0.dist-info"
printf 'Metadata-Version: 2.1\nName: neuroc-native\nVersion: 0.1.0\n' >"$package/neuroc_native-0.1.0.dist-info/METADATA"
printf '[neuroc]\nnative = neuroc_native\n' >"$package/neuroc_native-0.1.0.dist-info/entry_points.txt"
export PYTHONPATH=$package:$(cd ..; pwd) LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so)"
if [ "$minutes" = 0 ]; then
  "$python" -m pytest -q --import-mode=importlib -p no:cacheprovider tests
else
  cd ..
  "$python" -m tests.fuzz --minutes "$minutes" --target decode --target round-trip
fi
