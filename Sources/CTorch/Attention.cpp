// Attention in float32: libtorch's kernels lose more time than they compute with in a step of decoding, and with many queries they use half of
// the width of some processors.
#include "Parallel.h"
#include "Products.h"

#include <c10/core/GradMode.h>
#include <algorithm>
#include <atomic>
#include <initializer_list>
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

// The tokens that one answer gets in a step, before the heads are parted, and what is kept for it.
struct Tokens {
  int64_t count, length, capacity;            // positions kept before the step, and room for them
  const float *queries, *keys, *values;       // [count, heads size], [count, shared size] twice, or NULL: nothing is added
  const float *cosines, *sines;               // [count, size], or NULL
  float *key_cache, *value_cache;             // [shared, capacity, size]
  const uint8_t *seen;                        // strides below, or NULL
  const float *added;
  int64_t mask_head, mask_row, mask_key;
  float *out;                                 // [count, heads size]

  int64_t total() const { return keys == nullptr ? length : length + count; }
};

struct Heads {
  int64_t heads, shared, size;
  float scale;

  int64_t room(const ckernels_set *set, const Tokens &tokens) const {
    return tokens.count * size + ckernels_attend_room(set, tokens.count, tokens.total(), size);
  }

  // One head of keys and values, and the heads of queries that share it. `room` is for as many numbers as the function of that name says.
  void attend(const Tokens &x, int64_t k, const ckernels_set *set, float *room) const {
    int64_t group = heads / shared;
    float *cached_keys = x.key_cache + k * x.capacity * size, *cached_values = x.value_cache + k * x.capacity * size;
    for (int64_t t = 0; x.keys != nullptr && t < x.count; t++) {
      int64_t from = (t * shared + k) * size;
      rotated(x.keys + from, angle(x.cosines, t), angle(x.sines, t), size, cached_keys + (x.length + t) * size);
      std::copy_n(x.values + from, size, cached_values + (x.length + t) * size);
    }
    float *turned = room;
    for (int64_t h = k * group; h < (k + 1) * group; h++) {
      for (int64_t t = 0; t < x.count; t++) {
        rotated(x.queries + (t * heads + h) * size, angle(x.cosines, t), angle(x.sines, t), size, turned + t * size);
      }
      ckernels_attention head{};
      head.queries = x.count, head.keys = x.total(), head.size = size;
      head.query = turned, head.key = cached_keys, head.value = cached_values;
      head.query_stride = head.key_stride = head.value_stride = size;
      head.scale = scale;
      if (x.seen != nullptr) head.seen = x.seen + h * x.mask_head;
      if (x.added != nullptr) head.added = x.added + h * x.mask_head;
      head.mask_row = x.mask_row, head.mask_key = x.mask_key;
      head.out = x.out + h * size;
      head.out_stride = heads * size;
      ckernels_attend(set, &head, room + x.count * size);
    }
  }

 private:
  const float *angle(const float *table, int64_t t) const { return table == nullptr ? nullptr : table + t * size; }
};

// Every head of every answer, over libtorch's threads.
void attend_all(const Heads &heads, const std::vector<Tokens> &answers) {
  const ckernels_set *set = ckernels_current();
  int64_t room = 1, work = 0;
  for (const Tokens &tokens : answers) {
    room = std::max(room, heads.room(set, tokens));
    work += 2 * heads.heads * tokens.count * tokens.total() * heads.size;
  }
  int64_t count = static_cast<int64_t>(answers.size());
  bridge::Rooms rooms(room);
  // A step of a small model is done before a second thread has begun. Of a larger one keys and values come from memory: small pieces keep threads even.
  constexpr int64_t worth_threads = 1 << 16, least = 1 << 14;
  int64_t rows = count * heads.shared;
  bridge::spread(rows, work < worth_threads ? rows : bridge::piece_of(work / rows, least), [&](int64_t from, int64_t to) {
    bridge::Rooms::Room mine(rooms);
    for (int64_t row = from; row < to; row++) {
      heads.attend(answers[static_cast<size_t>(row / heads.shared)], row % heads.shared, set, mine.numbers);
    }
  });
}

void check_floats(std::initializer_list<const at::Tensor *> tensors) {
  for (const at::Tensor *tensor : tensors) {
    TORCH_CHECK(tensor->device().is_cpu() && tensor->scalar_type() == at::kFloat && tensor->is_contiguous(), "a step is for float32 on the CPU");
  }
}

at::Tensor attend_step(const ctorch_step &step) {
  at::Tensor queries = step.queries->value.contiguous(), keys = step.keys->value.contiguous(), values = step.values->value.contiguous();
  const at::Tensor &key_cache = step.key_cache->value, &value_cache = step.value_cache->value;
  TORCH_CHECK(key_cache.dim() == 4 && key_cache.sizes() == value_cache.sizes() && queries.dim() == 3 && keys.sizes() == values.sizes(),
              "a step takes queries, keys and values of three dimensions and caches of four");
  int64_t batch = queries.size(0), count = queries.size(1), shared = key_cache.size(1), capacity = key_cache.size(2), size = key_cache.size(3);
  int64_t heads = size > 0 ? queries.size(2) / size : 0, total = step.length + count;
  check_floats({&queries, &keys, &values, &key_cache, &value_cache});
  TORCH_CHECK(heads > 0 && shared > 0 && heads % shared == 0 && queries.size(2) == heads * size && key_cache.size(0) == batch &&
                  keys.size(0) == batch && keys.size(1) == count && keys.size(2) == shared * size && step.length >= 0 && total <= capacity,
              "queries ", queries.sizes(), " and keys ", keys.sizes(), " do not fit a cache of ", key_cache.sizes(), " at ", step.length);
  at::Tensor cosines, sines, mask;
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
  at::Tensor result = at::empty({batch, count, heads * size}, at::kFloat);
  std::vector<Tokens> answers(static_cast<size_t>(batch));
  for (int64_t b = 0; b < batch; b++) {
    Tokens &tokens = answers[static_cast<size_t>(b)] = Tokens{};
    tokens.count = count, tokens.length = step.length, tokens.capacity = capacity;
    tokens.queries = queries.const_data_ptr<float>() + b * count * heads * size;
    tokens.keys = keys.const_data_ptr<float>() + b * count * shared * size;
    tokens.values = values.const_data_ptr<float>() + b * count * shared * size;
    if (cosines.defined()) {
      int64_t place = (cosines.size(0) == 1 ? 0 : b) * count * size;
      tokens.cosines = cosines.const_data_ptr<float>() + place, tokens.sines = sines.const_data_ptr<float>() + place;
    }
    tokens.key_cache = key_cache.mutable_data_ptr<float>() + b * shared * capacity * size;
    tokens.value_cache = value_cache.mutable_data_ptr<float>() + b * shared * capacity * size;
    if (mask.defined()) {
      int64_t place = b * mask.stride(0);
      if (mask.scalar_type() == at::kBool) tokens.seen = reinterpret_cast<const uint8_t *>(mask.const_data_ptr<bool>()) + place;
      else tokens.added = mask.const_data_ptr<float>() + place;
      tokens.mask_head = mask.stride(1), tokens.mask_row = mask.stride(2), tokens.mask_key = mask.stride(3);
    }
    tokens.out = result.mutable_data_ptr<float>() + b * count * heads * size;
  }
  attend_all(Heads{heads, shared, size, static_cast<float>(step.scale)}, answers);
  return result;
}

at::Tensor attend_joint(const ctorch_joint_step &step) {
  at::Tensor queries = step.queries->value.contiguous(), keys, values, cosines, sines, seen, added;
  TORCH_CHECK(step.count > 0 && queries.dim() > 0, "a joint step takes at least one answer");
  const at::Tensor &first = step.answers[0].keys->value;
  TORCH_CHECK(first.dim() == 4 && first.size(1) > 0 && first.size(3) > 0, "what is kept of an answer has four dimensions, not ", first.sizes());
  int64_t shared = first.size(1), size = first.size(3), heads = queries.size(-1) / size;
  TORCH_CHECK(heads > 0 && heads % shared == 0 && queries.size(-1) == heads * size, "queries ", queries.sizes(), " do not fit ", first.sizes());
  int64_t tokens = queries.numel() / (heads * size);
  check_floats({&queries});
  if (step.keys != nullptr) {
    keys = step.keys->value.contiguous(), values = step.values->value.contiguous();
    check_floats({&keys, &values});
    TORCH_CHECK(keys.numel() == tokens * shared * size && values.numel() == keys.numel(), "keys ", keys.sizes(), " do not fit ", queries.sizes());
  }
  if (step.cosines != nullptr) {
    cosines = step.cosines->value.contiguous(), sines = step.sines->value.contiguous();
    check_floats({&cosines, &sines});
    TORCH_CHECK(cosines.numel() == tokens * size && sines.numel() == tokens * size && size % 2 == 0, "the angles do not fit");
  }
  if (step.seen != nullptr) seen = step.seen->value.contiguous();
  if (step.added != nullptr) added = step.added->value.contiguous();
  TORCH_CHECK(!seen.defined() || (seen.device().is_cpu() && seen.scalar_type() == at::kBool), "what is seen is bool, on the CPU");
  if (added.defined()) check_floats({&added});

  at::Tensor result = at::empty(queries.sizes(), at::kFloat);
  std::vector<Tokens> answers(static_cast<size_t>(step.count));
  int64_t start = 0;
  for (int32_t i = 0; i < step.count; i++) {
    const ctorch_joint_answer &answer = step.answers[i];
    const at::Tensor &key_cache = answer.keys->value, &value_cache = answer.values->value;
    check_floats({&key_cache, &value_cache});
    Tokens &mine = answers[static_cast<size_t>(i)] = Tokens{};
    mine.count = answer.count, mine.length = answer.length, mine.capacity = key_cache.dim() == 4 ? key_cache.size(2) : 0;
    if (keys.defined()) mine.keys = keys.const_data_ptr<float>() + start * shared * size;
    TORCH_CHECK(key_cache.dim() == 4 && key_cache.sizes() == value_cache.sizes() && key_cache.size(0) == 1 && key_cache.size(1) == shared &&
                    key_cache.size(3) == size && mine.count > 0 && mine.count <= tokens - start && mine.length >= 0 && mine.length <= mine.capacity &&
                    mine.total() > 0 && mine.total() <= mine.capacity,
                "answer ", i, " keeps ", key_cache.sizes(), ", which its ", mine.count, " tokens at ", mine.length, " do not fit");
    if (keys.defined()) mine.values = values.const_data_ptr<float>() + start * shared * size;
    mine.queries = queries.const_data_ptr<float>() + start * heads * size;
    mine.out = result.mutable_data_ptr<float>() + start * heads * size;
    if (cosines.defined()) mine.cosines = cosines.const_data_ptr<float>() + start * size, mine.sines = sines.const_data_ptr<float>() + start * size;
    mine.key_cache = key_cache.mutable_data_ptr<float>(), mine.value_cache = value_cache.mutable_data_ptr<float>();
    int64_t places = mine.count * mine.total();
    if (answer.seen >= 0) {
      TORCH_CHECK(seen.defined() && answer.seen <= seen.numel() - places, "what answer ", i, " sees is not all there");
      mine.seen = reinterpret_cast<const uint8_t *>(seen.const_data_ptr<bool>()) + answer.seen;
    }
    if (answer.added >= 0) {
      TORCH_CHECK(added.defined() && answer.added <= added.numel() - heads * places, "what is added for answer ", i, " is not all there");
      mine.added = added.const_data_ptr<float>() + answer.added;
      mine.mask_head = places;
    }
    TORCH_CHECK(mine.seen == nullptr || mine.added == nullptr, "answer ", i, " has two masks");
    mine.mask_row = mine.total(), mine.mask_key = 1;
    start += mine.count;
  }
  TORCH_CHECK(start == tokens, "the answers have ", start, " tokens, the queries ", tokens);
  attend_all(Heads{heads, shared, size, static_cast<float>(step.scale)}, answers);
  return result;
}

}  // namespace

ctorch_status ctorch_attend_step(const ctorch_step *step, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    TORCH_CHECK(!c10::GradMode::is_enabled(), "a step records no gradients");
    return attend_step(*step);
  });
}

ctorch_status ctorch_attend_joint(const ctorch_joint_step *step, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    TORCH_CHECK(!c10::GradMode::is_enabled(), "a step records no gradients");
    return attend_joint(*step);
  });
}
