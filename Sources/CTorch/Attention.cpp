// Attention in float32: libtorch's kernels lose more time than they compute with in a step of decoding, and with many queries they use half of
// the width of some processors.
#include "Parallel.h"
#include "Products.h"

#include <c10/core/GradMode.h>
#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

namespace bridge {

namespace {

// Room for as many threads as there may be: it is made before they start, as what they do must not throw.
class Rooms {
  int64_t size;
  at::Tensor all;
  std::vector<std::atomic<bool>> taken;

 public:
  explicit Rooms(int64_t size)
      : size(size), all(at::empty({at::get_num_threads(), size}, at::kFloat)), taken(static_cast<size_t>(at::get_num_threads())) {}

  struct Room {
    std::atomic<bool> *taken = nullptr;
    float *numbers = nullptr;

    explicit Room(Rooms &rooms) {
      // One is free for every thread that runs; another may just have taken it, and given back the one before.
      for (size_t i = 0;; i = (i + 1) % rooms.taken.size()) {
        if (rooms.taken[i].exchange(true, std::memory_order_acquire)) continue;
        taken = &rooms.taken[i], numbers = rooms.all.mutable_data_ptr<float>() + static_cast<int64_t>(i) * rooms.size;
        return;
      }
    }
    ~Room() { taken->store(false, std::memory_order_release); }
    Room(const Room &) = delete;
    Room &operator=(const Room &) = delete;
  };
};

}  // namespace

bool is_for_own_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor *mask) {
  if (c10::GradMode::is_enabled()) return false;
  for (const at::Tensor *tensor : {&q, &k, &v}) {
    if (!tensor->device().is_cpu() || tensor->scalar_type() != at::kFloat || tensor->dim() != 4 || tensor->stride(3) != 1) return false;
    if (tensor->size(0) != q.size(0) || tensor->size(1) != q.size(1)) return false;
  }
  if (q.size(3) != k.size(3) || q.size(3) != v.size(3) || k.size(2) != v.size(2) || k.size(2) == 0 || q.size(2) == 0) return false;
  if (mask == nullptr) return true;
  if (mask->scalar_type() != at::kBool && mask->scalar_type() != at::kFloat) return false;
  return at::is_expandable_to(mask->sizes(), {q.size(0), q.size(1), q.size(2), k.size(2)});
}

bool is_for_plain_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v) {
  if (!c10::GradMode::is_enabled() || !q.device().is_cpu() || q.dim() != 4 || k.dim() != 4 || v.dim() != 4) return false;
  if (!q.requires_grad() && !k.requires_grad() && !v.requires_grad()) return false;
  if (q.size(0) != k.size(0) || q.size(1) != k.size(1) || k.size(0) != v.size(0) || k.size(1) != v.size(1)) return false;
  return q.size(0) * q.size(1) * q.size(2) * k.size(2) <= int64_t(1) << 26;
}

at::Tensor plain_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor *mask, double dropout, double scale) {
  at::Tensor scores = at::matmul(scale == 1 ? q : q * scale, k.transpose(2, 3)), shares;
  if (mask != nullptr && mask->scalar_type() == at::kBool) {
    // A place that may look at nothing gets zeros, as from libtorch's own.
    shares = at::_safe_softmax(scores.masked_fill(mask->logical_not(), -std::numeric_limits<double>::infinity()), -1);
  } else {
    shares = (mask == nullptr ? scores : scores + mask->to(scores.scalar_type())).softmax(-1);
  }
  if (dropout > 0) shares = at::dropout(shares, dropout, /*train=*/true);
  return at::matmul(shares, v);
}

at::Tensor own_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor *mask, double scale) {
  int64_t batch = q.size(0), heads = q.size(1), count = q.size(2), keys = k.size(2), size = q.size(3);
  // [B, T, H, d] below, so that the heads can be joined without a copy.
  at::Tensor result = at::empty({batch, count, heads, size}, at::kFloat);
  at::Tensor spread_mask = mask == nullptr ? at::Tensor() : mask->expand({batch, heads, count, keys});
  const bool isBool = spread_mask.defined() && spread_mask.scalar_type() == at::kBool;
  const ckernels_set *set = ckernels_current();
  Rooms rooms(ckernels_attend_room(set, count, keys, size));
  spread(batch * heads, piece_of(2 * count * keys * size, 1 << 15), [&](int64_t from, int64_t to) {
    Rooms::Room room(rooms);
    for (int64_t index = from; index < to; index++) {
      int64_t b = index / heads, h = index % heads;
      ckernels_attention head{};
      head.queries = count;
      head.keys = keys;
      head.size = size;
      head.query = q.const_data_ptr<float>() + b * q.stride(0) + h * q.stride(1);
      head.key = k.const_data_ptr<float>() + b * k.stride(0) + h * k.stride(1);
      head.value = v.const_data_ptr<float>() + b * v.stride(0) + h * v.stride(1);
      head.query_stride = q.stride(2);
      head.key_stride = k.stride(2);
      head.value_stride = v.stride(2);
      head.scale = static_cast<float>(scale);
      if (spread_mask.defined()) {
        int64_t place = b * spread_mask.stride(0) + h * spread_mask.stride(1);
        if (isBool) head.seen = reinterpret_cast<const uint8_t *>(spread_mask.const_data_ptr<bool>()) + place;
        else head.added = spread_mask.const_data_ptr<float>() + place;
        head.mask_row = spread_mask.stride(2);
        head.mask_key = spread_mask.stride(3);
      }
      head.out = result.mutable_data_ptr<float>() + (b * count * heads + h) * size;
      head.out_stride = heads * size;
      ckernels_attend(set, &head, room.numbers);
    }
  });
  return result.transpose(1, 2);
}

}  // namespace bridge

namespace {

// Pairs of channels (i, i + d/2) turned by an angle; without angles a copy.
void rotated(const float *x, const float *cosines, const float *sines, int64_t size, float *out) {
  if (cosines == nullptr) return static_cast<void>(std::copy_n(x, size, out));
  for (int64_t i = 0, half = size / 2; i < half; i++) {
    out[i] = x[i] * cosines[i] - x[i + half] * sines[i];
    out[i + half] = x[i + half] * cosines[i + half] + x[i] * sines[i + half];
  }
}

struct Step {
  at::Tensor queries, keys, values, cosines, sines, key_cache, value_cache, mask;
  int64_t batch, count, heads, shared, size, capacity, length, total;

  explicit Step(const ctorch_step &step)
      : queries(step.queries->value.contiguous()), keys(step.keys->value.contiguous()), values(step.values->value.contiguous()),
        key_cache(step.key_cache->value), value_cache(step.value_cache->value), length(step.length) {
    TORCH_CHECK(key_cache.dim() == 4 && key_cache.sizes() == value_cache.sizes() && queries.dim() == 3 && keys.sizes() == values.sizes(),
                "a step takes queries, keys and values of three dimensions and caches of four");
    batch = queries.size(0), count = queries.size(1), shared = key_cache.size(1), capacity = key_cache.size(2), size = key_cache.size(3);
    heads = size > 0 ? queries.size(2) / size : 0;
    total = length + count;
    for (const at::Tensor &tensor : {queries, keys, values, key_cache, value_cache})
      TORCH_CHECK(tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous(), "a step is for float32 on the CPU");
    TORCH_CHECK(heads > 0 && shared > 0 && heads % shared == 0 && queries.size(2) == heads * size && key_cache.size(0) == batch &&
                    keys.size(0) == batch && keys.size(1) == count && keys.size(2) == shared * size && length >= 0 && total <= capacity,
                "queries ", queries.sizes(), " and keys ", keys.sizes(), " do not fit a cache of ", key_cache.sizes(), " at ", length);
    if (step.cosines != nullptr) {
      cosines = step.cosines->value.contiguous(), sines = step.sines->value.contiguous();
      TORCH_CHECK(cosines.scalar_type() == at::kFloat && cosines.dim() == 4 && cosines.sizes() == sines.sizes() && cosines.size(1) == 1 &&
                      (cosines.size(0) == 1 || cosines.size(0) == batch) && cosines.size(2) == count && cosines.size(3) == size && size % 2 == 0,
                  "the angles do not fit");
    }
    if (step.mask != nullptr) {
      TORCH_CHECK(step.mask->value.scalar_type() == at::kBool || step.mask->value.scalar_type() == at::kFloat, "a mask is bool or float32");
      mask = step.mask->value.expand({batch, heads, count, total});
    }
  }

  const float *angle(const at::Tensor &table, int64_t b, int64_t t) const {
    return table.defined() ? table.const_data_ptr<float>() + ((table.size(0) == 1 ? 0 : b) * count + t) * size : nullptr;
  }

  int64_t room(const ckernels_set *set) const { return count * size + ckernels_attend_room(set, count, total, size); }

  // One head of keys and values, and the heads of queries that share it. `room` is for as many numbers as the function of that name says.
  void run(int64_t b, int64_t k, const ckernels_set *set, float scale, float *room, float *out) const {
    int64_t cache = ((b * shared + k) * capacity) * size, group = heads / shared;
    float *cached_keys = key_cache.mutable_data_ptr<float>() + cache, *cached_values = value_cache.mutable_data_ptr<float>() + cache;
    for (int64_t t = 0; t < count; t++) {
      int64_t from = (b * count + t) * shared * size + k * size;
      rotated(keys.const_data_ptr<float>() + from, angle(cosines, b, t), angle(sines, b, t), size, cached_keys + (length + t) * size);
      std::copy_n(values.const_data_ptr<float>() + from, size, cached_values + (length + t) * size);
    }
    float *turned = room;
    for (int64_t h = k * group; h < (k + 1) * group; h++) {
      for (int64_t t = 0; t < count; t++) {
        const float *query = queries.const_data_ptr<float>() + (b * count + t) * heads * size + h * size;
        rotated(query, angle(cosines, b, t), angle(sines, b, t), size, turned + t * size);
      }
      ckernels_attention head{};
      head.queries = count, head.keys = total, head.size = size;
      head.query = turned, head.key = cached_keys, head.value = cached_values;
      head.query_stride = head.key_stride = head.value_stride = size;
      head.scale = scale;
      if (mask.defined()) {
        int64_t place = b * mask.stride(0) + h * mask.stride(1);
        if (mask.scalar_type() == at::kBool) head.seen = reinterpret_cast<const uint8_t *>(mask.const_data_ptr<bool>()) + place;
        else head.added = mask.const_data_ptr<float>() + place;
        head.mask_row = mask.stride(2), head.mask_key = mask.stride(3);
      }
      head.out = out + b * count * heads * size + h * size;
      head.out_stride = heads * size;
      ckernels_attend(set, &head, room + count * size);
    }
  }
};

}  // namespace

ctorch_status ctorch_attend_step(const ctorch_step *step, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    TORCH_CHECK(!c10::GradMode::is_enabled(), "a step records no gradients");
    Step all(*step);
    at::Tensor result = at::empty({all.batch, all.count, all.heads * all.size}, at::kFloat);
    const ckernels_set *set = ckernels_current();
    int64_t rows = all.batch * all.shared, cost = 2 * all.heads / all.shared * all.count * all.total * all.size;
    float *results = result.mutable_data_ptr<float>();
    bridge::Rooms rooms(all.room(set));
    bridge::spread(rows, bridge::piece_of(cost, 1 << 15), [&](int64_t from, int64_t to) {
      bridge::Rooms::Room room(rooms);
      for (int64_t row = from; row < to; row++) {
        all.run(row / all.shared, row % all.shared, set, static_cast<float>(step->scale), room.numbers, results);
      }
    });
    return result;
  });
}
