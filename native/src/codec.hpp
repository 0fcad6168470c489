// A described codec that runs: tiles to streams and back, tiles side by side in lock-step and in threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "description.hpp"
#include "kernel.hpp"
#include "network.hpp"
#include "streams.hpp"

namespace neuroc {

struct Shape {
    int64_t height, width;
    int64_t pixels() const { return height * width; }
};

struct Bytes {
    const unsigned char *data;
    size_t size;
};

// Called in the calling thread with the number of further pixels that are done; false stops all work.
using Progress = std::function<bool(int64_t)>;

class Codec {
  public:
    // Throws Unsupported.
    Codec(Description description, const Kernel &kernel);
    Codec(const Codec &) = delete; // constants_ points into description_ and exp2_
    Codec &operator=(const Codec &) = delete;

    const Description &description() const { return description_; }

    // One stream for each of `count` tiles of samples (count, H, W, C). Sample: uint8_t or uint16_t.
    template <typename Sample>
    std::vector<std::string> encode(const Sample *samples, size_t count, Shape shape, Coder coder, int threads,
                                    const Progress &progress) const;

    // The samples (count, H, W, C) of streams; returns what is wrong with each.
    template <typename Sample>
    std::vector<StreamFault> decode(const std::vector<Bytes> &streams, Shape shape, Coder coder, int threads,
                                    Sample *samples, const Progress &progress) const;

  private:
    friend class Decoding;
    friend class Encoding;

    Description description_;
    const Kernel &kernel_;
    Network network_;
    std::vector<int32_t> exp2_; // and a zero for all that is too small
    HeadConstants constants_;
};

} // namespace neuroc
