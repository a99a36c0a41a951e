#include "Bridge.h"

#include <ATen/CPUGeneratorImpl.h>

using bridge::produce;

void ctorch_free_message(char *message) { free(message); }
void ctorch_release(ctorch_tensor *tensor) { delete tensor; }

ctorch_status ctorch_borrow(const void *data, const int64_t *shape, int32_t rank, ctorch_type type,
                            ctorch_release_memory release, void *context, ctorch_tensor **out, char **message) {
  bool owned = false;
  ctorch_status status = produce(out, message, [&] {
    auto options = at::TensorOptions().dtype(bridge::scalar_type(type));
    auto tensor = at::from_blob(const_cast<void *>(data), bridge::sizes(shape, rank), [=](void *) { release(context); }, options);
    owned = true;
    return tensor;
  });
  if (!owned) release(context);
  return status;
}

ctorch_status ctorch_copy_in(const void *data, const int64_t *shape, int32_t rank, ctorch_type type, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] {
    auto tensor = at::empty(bridge::sizes(shape, rank), at::TensorOptions().dtype(bridge::scalar_type(type)));
    if (tensor.nbytes() > 0) memcpy(tensor.data_ptr(), data, tensor.nbytes());
    return tensor;
  });
}

ctorch_status ctorch_copy_out(const ctorch_tensor *a, void *data, size_t bytes, char **message) {
  return bridge::guarded(message, [&] {
    auto host = a->value.detach().to(at::kCPU).contiguous();
    TORCH_CHECK(host.nbytes() == bytes, "the tensor holds ", host.nbytes(), " bytes, the destination ", bytes);
    if (bytes > 0) memcpy(data, host.data_ptr(), bytes);
  });
}

ctorch_status ctorch_full(double value, const int64_t *shape, int32_t rank, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::full(bridge::sizes(shape, rank), value, bridge::options(type, device)); });
}

ctorch_status ctorch_empty(const int64_t *shape, int32_t rank, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::empty(bridge::sizes(shape, rank), bridge::options(type, device)); });
}

ctorch_status ctorch_arange(int64_t start, int64_t end, int64_t step, ctorch_device device, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::arange(start, end, step, bridge::options(CTORCH_INT64, device)); });
}

ctorch_status ctorch_generator_create(uint64_t seed, ctorch_device device, ctorch_generator **out, char **message) {
  return bridge::guarded(message, [&] {
    auto where = bridge::device(device);
    at::Generator generator =
        where.is_cpu() ? at::detail::createCPUGenerator(seed)
                       : at::globalContext().getAcceleratorHooksInterface(where.type()).getNewGenerator(where.index());
    generator.set_current_seed(seed);
    *out = new ctorch_generator{generator};
  });
}

void ctorch_generator_release(ctorch_generator *generator) { delete generator; }

ctorch_status ctorch_generator_state(const ctorch_generator *generator, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return generator->value.get_state(); });
}

ctorch_status ctorch_generator_set_state(ctorch_generator *generator, const ctorch_tensor *state, char **message) {
  return bridge::guarded(message, [&] { generator->value.set_state(state->value); });
}

ctorch_status ctorch_random_normal(ctorch_generator *generator, const int64_t *shape, int32_t rank, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::randn(bridge::sizes(shape, rank), generator->value, bridge::options(type, device)); });
}

ctorch_status ctorch_random_uniform(ctorch_generator *generator, const int64_t *shape, int32_t rank, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::rand(bridge::sizes(shape, rank), generator->value, bridge::options(type, device)); });
}

ctorch_status ctorch_multinomial(const ctorch_tensor *probabilities, int64_t count, bool replacement, ctorch_generator *generator, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return at::multinomial(probabilities->value, count, replacement, generator->value); });
}

int32_t ctorch_rank(const ctorch_tensor *a) { return static_cast<int32_t>(a->value.dim()); }
int64_t ctorch_size(const ctorch_tensor *a, int32_t dimension) { return a->value.sizes()[static_cast<size_t>(dimension)]; }
int64_t ctorch_count(const ctorch_tensor *a) { return a->value.numel(); }
bool ctorch_is_contiguous(const ctorch_tensor *a) { return a->value.is_contiguous(); }
bool ctorch_requires_gradient(const ctorch_tensor *a) { return a->value.requires_grad(); }
const void *ctorch_data(const ctorch_tensor *a) { return a->value.const_data_ptr(); }

ctorch_type ctorch_type_of(const ctorch_tensor *a) {
  switch (a->value.scalar_type()) {
    case at::kFloat: return CTORCH_FLOAT32;
    case at::kBFloat16: return CTORCH_BFLOAT16;
    case at::kHalf: return CTORCH_FLOAT16;
    case at::kDouble: return CTORCH_FLOAT64;
    case at::kLong: return CTORCH_INT64;
    case at::kInt: return CTORCH_INT32;
    case at::kShort: return CTORCH_INT16;
    case at::kChar: return CTORCH_INT8;
    case at::kByte: return CTORCH_UINT8;
    case at::kBool: return CTORCH_BOOL;
    default: return -1;
  }
}

ctorch_device ctorch_device_of(const ctorch_tensor *a) {
  auto device = a->value.device();
  int32_t index = device.has_index() ? device.index() : 0;
  if (device.is_cuda()) return {CTORCH_CUDA, index};
  if (device.is_mps()) return {CTORCH_MPS, index};
  if (device.is_meta()) return {CTORCH_META, 0};
  return {CTORCH_CPU, 0};
}

ctorch_status ctorch_item(const ctorch_tensor *a, double *out, char **message) {
  return bridge::guarded(message, [&] { *out = a->value.item().toDouble(); });
}

ctorch_status ctorch_item_integer(const ctorch_tensor *a, int64_t *out, char **message) {
  return bridge::guarded(message, [&] { *out = a->value.item().toLong(); });
}
