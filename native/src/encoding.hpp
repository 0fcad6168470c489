// Encoding of one tile: every pixel is known, so blocks of pixels run through the network whatever the steps are.
#pragma once

#include "codec.hpp"
#include "threads.hpp"
#include "tile.hpp"

namespace neuroc {

class Encoding {
  public:
    Encoding(const Codec &codec, Shape shape);

    // Bits above those of a sample are dropped: F is defined within 2^bits only.
    template <typename Sample> void load(const Sample *samples) {
        const uint16_t mask = uint16_t((1 << codec_.description().bits) - 1);
        for (size_t k = 0; k < canvas_.size() - size_t(codec_.description().channels); ++k)
            canvas_[k] = uint16_t(samples[k] & mask);
    }
    std::string run(Coder coder, const Advance &advance);

  private:
    void block(size_t rows);

    const Codec &codec_;
    const Order order_;
    const Neighbours neighbours_;
    const Shape shape_;
    std::vector<uint16_t> canvas_; // (pixels + 1) x channels
    Network::Values values_;       // Network::ROWS rows, as all below
    Aligned<int32_t> output_;
    std::vector<int32_t> base_, known_, symbols_;
    std::vector<size_t> pixel_;
    std::vector<uint32_t> place_, step_;
    std::vector<uint32_t> start_, freq_; // of all symbols of the tile, in coding order
};

} // namespace neuroc
