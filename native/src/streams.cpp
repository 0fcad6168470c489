#include "streams.hpp"

namespace neuroc {
namespace {

constexpr uint64_t ONE_WORD = uint64_t(1) << 32;
constexpr uint32_t GUARD = 0xA5A5A5; // last symbol of range24

std::string to_bytes(const std::vector<uint32_t> &words) {
    std::string bytes(words.size() * 4, '\0');
    for (size_t i = 0; i < words.size(); ++i)
        for (int k = 0; k < 4; ++k)
            bytes[4 * i + k] = char(words[i] >> (8 * k) & 0xFF);
    return bytes;
}

std::string encode_rans(const uint32_t *start, const uint32_t *freq, size_t n) {
    std::vector<uint32_t> words;
    words.reserve(n / 6 + 16);
    uint64_t x = ONE_WORD;
    for (size_t i = n; i-- > 0;) {
        if (x >> 40 >= freq[i]) {
            words.push_back(uint32_t(x));
            x >>= 32;
        }
        x = (x / freq[i] << 24) + start[i] + x % freq[i];
    }
    words.push_back(uint32_t(x));
    words.push_back(uint32_t(x >> 32));
    return to_bytes(words);
}

class RangeWriter {
  public:
    void put(uint32_t start, uint32_t freq) {
        const uint64_t unit = width_ >> 24;
        add(unit * start);
        width_ = unit * freq;
        if (width_ < ONE_WORD) {
            words_.push_back(uint32_t(low_ >> 32));
            low_ <<= 32;
            width_ <<= 32;
        }
    }

    std::string finish() {
        put(GUARD, 1);
        add(ONE_WORD - 1);
        words_.push_back(uint32_t(low_ >> 32));
        return to_bytes(words_);
    }

  private:
    void add(uint64_t amount) {
        low_ += amount;
        if (low_ < amount) // the carry never passes the first word, since low + width never exceeds it
            for (size_t i = words_.size(); i-- > 0 && ++words_[i] == 0;)
                continue;
    }

    uint64_t low_ = 0, width_ = ~uint64_t(0);
    std::vector<uint32_t> words_;
};

} // namespace

const char *message(StreamFault fault) {
    switch (fault) {
    case StreamFault::words:
        return "a coded stream does not consist of 32-bit words";
    case StreamFault::start:
        return "a coded stream does not begin with a state of its coder";
    case StreamFault::empty:
        return "an empty coded stream is stored with a length";
    case StreamFault::range:
        return "a coded stream points outside its range";
    case StreamFault::early:
        return "a coded stream ends before its last symbol";
    default:
        return "a coded stream does not end with its last symbol";
    }
}

Reader::Reader(Coder coder, const unsigned char *data, size_t size) : coder_(coder), words_(size / 4 + 3) {
    const size_t count = size / 4;
    for (size_t i = 0; i < count; ++i)
        words_[i + 1] = uint32_t(data[4 * i]) | uint32_t(data[4 * i + 1]) << 8 | uint32_t(data[4 * i + 2]) << 16 |
                        uint32_t(data[4 * i + 3]) << 24;
    const uint32_t *words = words_.data() + 1;
    if (size % 4)
        fault_ = StreamFault::words;
    if (coder == Coder::rans24) {
        rans = {ONE_WORD, words, int64_t(count), 0};
        if (count >= 2) {
            rans.x = uint64_t(words[count - 1]) << 32 | words[count - 2];
            rans.left -= 2;
        }
        if (count && (count < 2 || !words[count - 1]))
            fault_ = StreamFault::start;
        else if (count == 2 && rans.x == ONE_WORD)
            fault_ = StreamFault::empty;
    } else {
        range = {uint64_t(words[0]) << 32 | words[1], ~uint64_t(0), 0, words, int64_t(count), 0, 0};
    }
}

StreamFault Reader::finish() {
    if (fault_ != StreamFault::none)
        return fault_;
    if (coder_ == Coder::rans24) {
        if (rans.bad)
            return StreamFault::early;
        return rans.x == ONE_WORD && rans.left == 0 ? StreamFault::none : StreamFault::end;
    }
    RangeState &s = range;
    if (s.bad)
        return s.shifts >= s.count ? StreamFault::early : StreamFault::range;
    uint64_t unit = s.width >> 24;
    if (s.distance / unit != GUARD)
        return StreamFault::end;
    // One more symbol, the guard, one unit wide.
    s.distance -= unit * GUARD;
    s.low += unit * GUARD;
    s.width = unit;
    if (s.width < ONE_WORD) {
        ++s.shifts;
        s.distance = s.distance << 32 | (s.shifts + 1 < s.count ? s.words[s.shifts + 1] : 0);
        s.low <<= 32;
    }
    if (s.shifts + 1 != s.count || s.distance != uint32_t(-s.low))
        return StreamFault::end;
    return StreamFault::none;
}

std::string encode(Coder coder, const uint32_t *start, const uint32_t *freq, size_t n) {
    if (coder == Coder::rans24)
        return encode_rans(start, freq, n);
    RangeWriter writer;
    for (size_t i = 0; i < n; ++i)
        writer.put(start[i], freq[i]);
    return writer.finish();
}

} // namespace neuroc
