// Decoding of tiles of one size in lock-step.
#pragma once

#include "codec.hpp"
#include "threads.hpp"
#include "tile.hpp"

namespace neuroc {

class Decoding {
  public:
    Decoding(const Codec &codec, Shape shape, Coder coder, const Bytes *streams, size_t count);

    // How many of `count` tiles to take together: enough rows for the network even where steps are short, and two
    // streams for the symbols, but not so many that a thread has nothing to do.
    static size_t together(const Codec &codec, Shape shape, size_t count, int threads);

    void run(const Advance &advance);
    StreamFault finish(size_t i) { return readers_[i].finish(); }
    template <typename Sample> void store(size_t i, Sample *samples) const {
        const uint16_t *canvas = canvas_.data() + i * canvas_size_;
        for (size_t k = 0; k < canvas_size_ - size_t(codec_.description().channels); ++k)
            samples[k] = Sample(canvas[k]);
    }

  private:
    void step(int64_t t);
    void gather(int64_t t, size_t n, size_t number, int16_t *x);
    void evaluate(int64_t t, size_t n, int group);
    void symbols(int channel, size_t n);

    const Codec &codec_;
    const Coder coder_;
    const Order order_;
    const Neighbours neighbours_;
    const int64_t width_;
    const size_t tiles_, largest_, canvas_size_;
    std::vector<Reader> readers_;
    std::vector<RansState> rans_;
    std::vector<RangeState> range_;
    std::vector<uint16_t> canvas_; // tiles x (pixels + 1) x channels
    // Of one group: Network::ROWS rows at a time. Of several, which meet again for the next channel: all of a step.
    Network::Values values_;
    Aligned<int32_t> output_; // tiles * largest rows, tile by tile, as all below
    std::vector<int32_t> base_, known_, symbols_;
    Aligned<unsigned char> scratch_;
};

} // namespace neuroc
