// Independent tasks over threads, with progress and a way to stop.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "codec.hpp"

namespace neuroc {

struct Stopped {}; // thrown through a task when the caller has had enough

// Called by a task with the number of further pixels that are done; throws Stopped.
using Advance = std::function<void(int64_t)>;

// Runs task(0) ... task(count - 1), each once, in the calling thread and up to threads - 1 others. Rethrows the first
// exception of a task after all have ended; returns early without one if `progress` said so.
template <typename Task> void run_parallel(size_t count, int threads, const Progress &progress, const Task &task) {
    std::atomic<size_t> next{0};
    std::atomic<int64_t> done{0};
    std::atomic<bool> stop{false};
    std::exception_ptr failure;
    std::mutex mutex;
    const auto work = [&](const Advance &advance) {
        try {
            for (size_t i; !stop && (i = next++) < count;)
                task(i, advance);
        } catch (const Stopped &) {
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex);
            if (!failure)
                failure = std::current_exception();
            stop = true;
        }
    };
    const auto tell = [&](int64_t pixels) {
        done += pixels;
        if (stop)
            throw Stopped();
    };
    std::vector<std::thread> others;
    const size_t wanted = count < size_t(threads) ? count : size_t(threads);
    try {
        for (size_t t = 1; t < wanted; ++t)
            others.emplace_back([&] { work(tell); });
    } catch (const std::exception &) { // no more threads: fewer do it, too
    }
    work([&](int64_t pixels) { // only the calling thread may call `progress`
        tell(pixels);
        if (progress && !progress(done.exchange(0)))
            stop = true;
    });
    for (std::thread &t : others)
        t.join();
    if (failure)
        std::rethrow_exception(failure);
    if (progress && !stop)
        progress(done.exchange(0));
}

} // namespace neuroc
