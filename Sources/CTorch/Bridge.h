// What every file of the shim shares: the handles, and the one place where C++ exceptions become statuses.
#pragma once

#include "include/CTorch.h"

#if !__has_include(<ATen/ATen.h>) && defined(INSTRUCTBLIP_CUDA)
#error "libtorch for CUDA was not found: run Scripts/bootstrap --cuda once (docs/gpu.md)"
#elif !__has_include(<ATen/ATen.h>)
#error "libtorch was not found: run Scripts/bootstrap once (a package that depends on this one: set PKG_CONFIG_PATH, see README.md)"
#endif

#include <ATen/ATen.h>
#include <cstring>
#include <new>
#include <string>

struct ctorch_tensor { at::Tensor value; };
struct ctorch_generator { at::Generator value; };

namespace bridge {

inline char *copy(const std::string &text) { return strdup(text.c_str()); }

// The CPU allocator reports exhaustion as an ordinary error, so its words are the only sign.
inline bool is_allocation_failure(const std::string &text) {
  return text.find("DefaultCPUAllocator") != std::string::npos || text.find("not enough memory") != std::string::npos;
}

template <typename Body>
ctorch_status guarded(char **message, Body body) {
  try {
    body();
    return CTORCH_OK;
  } catch (const c10::OutOfMemoryError &error) {
    *message = copy(error.what_without_backtrace());
    return CTORCH_OUT_OF_MEMORY;
  } catch (const c10::Error &error) {
    std::string text = error.what_without_backtrace();
    *message = copy(text);
    return is_allocation_failure(text) ? CTORCH_OUT_OF_MEMORY : CTORCH_ERROR;
  } catch (const std::bad_alloc &) {
    *message = copy("the system has no memory left");
    return CTORCH_OUT_OF_MEMORY;
  } catch (const std::exception &error) {
    *message = copy(error.what());
    return CTORCH_ERROR;
  } catch (...) {
    *message = copy("an unknown exception");
    return CTORCH_ERROR;
  }
}

// Runs `body`, which returns a tensor, and hands the tensor over.
template <typename Body>
ctorch_status produce(ctorch_tensor **out, char **message, Body body) {
  return guarded(message, [&] { *out = new ctorch_tensor{body()}; });
}

inline at::IntArrayRef sizes(const int64_t *shape, int32_t rank) { return at::IntArrayRef(shape, static_cast<size_t>(rank)); }

inline c10::optional<at::Tensor> optional(const ctorch_tensor *tensor) {
  if (tensor == nullptr) return c10::nullopt;
  return tensor->value;
}

inline at::ScalarType scalar_type(ctorch_type type) {
  switch (type) {
    case CTORCH_FLOAT32: return at::kFloat;
    case CTORCH_BFLOAT16: return at::kBFloat16;
    case CTORCH_FLOAT16: return at::kHalf;
    case CTORCH_FLOAT64: return at::kDouble;
    case CTORCH_INT64: return at::kLong;
    case CTORCH_INT32: return at::kInt;
    case CTORCH_INT16: return at::kShort;
    case CTORCH_INT8: return at::kChar;
    case CTORCH_UINT8: return at::kByte;
    case CTORCH_BOOL: return at::kBool;
    default: TORCH_CHECK(false, "element type ", type, " is not one this shim knows");
  }
}

inline at::Device device(ctorch_device device) {
  TORCH_CHECK(device.index >= 0 && device.index < 128, "device index ", device.index, " is not one from 0 to 127");
  auto index = static_cast<c10::DeviceIndex>(device.index);
  switch (device.kind) {
    case CTORCH_CPU: return at::Device(at::kCPU);
    case CTORCH_CUDA: return at::Device(at::kCUDA, index);
    case CTORCH_MPS: return at::Device(at::kMPS, index);
    case CTORCH_META: return at::Device(at::kMeta);
    default: TORCH_CHECK(false, "device kind ", device.kind, " is not one this shim knows");
  }
}

inline at::TensorOptions options(ctorch_type type, ctorch_device where) {
  return at::TensorOptions().dtype(scalar_type(type)).device(device(where));
}

}  // namespace bridge
