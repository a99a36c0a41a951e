// Spreads loops over libtorch's own threads.
//
// libtorch's parallel_for is a template around OpenMP pragmas: compiled here it would need a second OpenMP runtime beside the one libtorch
// brings. The runtime's own entry point is called instead, which the one in the process has.
#pragma once

#include <ATen/Parallel.h>
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include <dlfcn.h>

#if defined(__APPLE__)
#include <dispatch/dispatch.h>
#endif

namespace bridge {

// Runs `task(context)` on `threads` threads at once, this one included.
inline void run_on_threads(void (*task)(void *), void *context, int threads) {
  using Region = void (*)(void (*)(void *), void *, unsigned, unsigned);
  static const Region region = reinterpret_cast<Region>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
  if (region != nullptr) return region(task, context, static_cast<unsigned>(threads), 0);
#if defined(__APPLE__)
  struct Call { void (*task)(void *); void *context; } call{task, context};
  dispatch_apply_f(static_cast<size_t>(threads), DISPATCH_APPLY_AUTO, &call, [](void *raw, size_t) {
    auto *call = static_cast<Call *>(raw);
    call->task(call->context);
  });
#else
  std::mutex lock;
  std::condition_variable done;
  int left = threads - 1;
  for (int i = 1; i < threads; i++) {
    at::intraop_launch([&] {
      task(context);
      std::lock_guard<std::mutex> guard(lock);
      if (--left == 0) done.notify_one();
    });
  }
  task(context);
  std::unique_lock<std::mutex> guard(lock);
  done.wait(guard, [&] { return left == 0; });
#endif
}

// Calls `body(from, to)` for pieces of 0..<count until all are done, each a multiple of `least` but for the last. A thread that is free takes
// half of its share of what is left: few pieces, and small ones at the end, so that no thread waits long for another that was held up.
// `body` must not throw.
template <typename Body>
void spread(int64_t count, int64_t least, const Body &body) {
  int threads = at::in_parallel_region() ? 1 : at::get_num_threads();
  least = std::max<int64_t>(1, least);
  threads = static_cast<int>(std::min<int64_t>(threads, (count + least - 1) / least));
  if (threads <= 1) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
  struct Work { const Body *body; int64_t count, least, share; std::atomic<int64_t> next; } work{&body, count, least, 2 * threads * least, {0}};
  run_on_threads(
      [](void *raw) {
        auto *work = static_cast<Work *>(raw);
        int64_t from = work->next.load(std::memory_order_relaxed);
        while (from < work->count) {
          int64_t piece = std::max<int64_t>(1, (work->count - from) / work->share) * work->least;
          if (!work->next.compare_exchange_weak(from, from + piece, std::memory_order_relaxed)) continue;
          (*work->body)(from, std::min(from + piece, work->count));
          from = work->next.load(std::memory_order_relaxed);
        }
      },
      &work, threads);
}

// The same for several ranges in one loop, so that threads start once: calls `body(index, from, to)` for pieces of 0..<counts[index].
template <typename Body>
void spread_all(const std::vector<int64_t> &counts, int64_t least, const Body &body) {
  int64_t all = 0;
  for (int64_t count : counts) all += count;
  spread(all, least, [&](int64_t from, int64_t to) {
    int64_t start = 0;
    for (size_t i = 0; i < counts.size(); start += counts[i], i++) {
      int64_t first = std::max(from, start), last = std::min(to, start + counts[i]);
      if (first < last) body(i, first - start, last - start);
    }
  });
}

// The least piece of a loop whose steps cost `cost` (in multiplications or so) that is worth a thread's taking it.
inline int64_t piece_of(int64_t cost, int64_t least = 1 << 16) { return std::max<int64_t>(1, least / std::max<int64_t>(1, cost)); }

}  // namespace bridge
