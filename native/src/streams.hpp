// Whole streams: their words, their ends, and the encoders (SPEC section 7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel.hpp"

namespace neuroc {

enum class Coder { rans24, range24 };

// What is wrong with a stream; the messages are those of core/neuroc/coder.
enum class StreamFault { none, words, start, empty, range, early, end };
const char *message(StreamFault fault);

// A stream in decoding. The states are what kernels read and advance; this owns the words behind them.
class Reader {
  public:
    Reader(Coder coder, const unsigned char *data, size_t size);

    RansState rans{};
    RangeState range{};

    bool bad() const { return fault_ != StreamFault::none || rans.bad || range.bad; }
    // After the last symbol: what is wrong, if anything.
    StreamFault finish();

  private:
    Coder coder_;
    std::vector<uint32_t> words_; // one zero, the stream, two zeros: what lies beyond reads as zero
    StreamFault fault_ = StreamFault::none;
};

// The stream of n intervals in coding order, at least one of them; freq is in 1 ... 2^24 - 1.
std::string encode(Coder coder, const uint32_t *start, const uint32_t *freq, size_t n);

} // namespace neuroc
