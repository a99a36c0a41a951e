// Several processes that train one model: libtorch's own c10d. A TCPStore is where they meet, ProcessGroupGloo moves tensors between
// them, and c10d::Reducer sums gradients in buckets while the backward pass still runs.
//
// c10d's gloo header includes gloo's own headers, which the library's packages leave out though gloo is inside: without them (Debian has
// them as libgloo-dev) this file builds all the same, and says so when it is asked for a group. Those headers may be of another version
// than the gloo inside, so nothing of gloo's is made, called or laid out here: it only passes through as pointers.
#include "Bridge.h"

#include <c10/core/GradMode.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <type_traits>

#if __has_include(<gloo/algorithm.h>) && __has_include(<gloo/rendezvous/store.h>)
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif

// In a build against CUDA's libtorch (INSTRUCTBLIP_CUDA), with NCCL's header there, tensors on CUDA devices go through NCCL.
#if defined(INSTRUCTBLIP_CUDA) && __has_include(<nccl.h>)
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

struct ctorch_store { c10::intrusive_ptr<c10d::TCPStore> value; };
struct ctorch_group { c10::intrusive_ptr<c10d::ProcessGroup> value; };

namespace {

using milliseconds = std::chrono::milliseconds;
using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

// As `guarded`; c10d and gloo tell of a time limit by words alone.
template <typename Body>
ctorch_status limited(char **message, Body body) {
  ctorch_status status = bridge::guarded(message, body);
  if (status == CTORCH_ERROR && strstr(*message, "imed out") != nullptr) return CTORCH_TIMED_OUT;
  return status;
}

void finish(const c10::intrusive_ptr<c10d::Work> &work) {
  if (work) work->wait();  // the group's own limit ends it
}

// gloo ends the whole process when two ranks send each other different sizes: so they compare first what they are about to send.
void agree(const Group &group, at::TensorList tensors) {
  uint64_t digest = 1469598103934665603u;
  auto add = [&](int64_t number) { digest = (digest ^ static_cast<uint64_t>(number)) * 1099511628211u; };
  for (const at::Tensor &tensor : tensors) {
    add(static_cast<int64_t>(tensor.scalar_type()));
    add(tensor.dim());
    for (int64_t size : tensor.sizes()) add(size);
  }
  auto count = static_cast<int64_t>(tensors.size());
  std::vector<at::Tensor> mine{at::tensor({count, static_cast<int64_t>(digest)}, at::kLong)};
  std::vector<std::vector<at::Tensor>> all(1);
  for (int i = 0; i < group->getSize(); i++) all[0].push_back(at::empty_like(mine[0]));
  finish(group->allgather(all, mine));
  for (int i = 1; i < group->getSize(); i++) {
    TORCH_CHECK(all[0][static_cast<size_t>(i)].equal(all[0][0]), "rank ", i, " has other shapes or types than rank 0");
  }
}

std::vector<at::Tensor> values(const ctorch_tensor *const *tensors, int32_t count) {
  std::vector<at::Tensor> result;
  for (int32_t i = 0; i < count; i++) result.push_back(tensors[i]->value);
  return result;
}

// c10d logs what it also throws, with the stack; the callers say it in one sentence. TORCH_CPP_LOG_LEVEL shows the logs again.
void quieten() {
  static const bool once = [] {
    constexpr int fatal = 3;
    if (getenv("TORCH_CPP_LOG_LEVEL") == nullptr) {
      FLAGS_caffe2_log_level = fatal;
    } else {
      c10::initLogging();
    }
    return true;
  }();
  (void)once;
}

// That every parameter was reached, though it need not be, is worth a warning to the reducer alone.
struct NoWarnings : c10::WarningHandler {
  void process(const c10::Warning &) override {}
};

// A socket that only this machine reaches, at a free port.
int local_socket(uint16_t *port) {
  int place = socket(AF_INET, SOCK_STREAM, 0);
  TORCH_CHECK(place >= 0, "no socket can be made: ", strerror(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto *general = reinterpret_cast<sockaddr *>(&address);
  if (bind(place, general, size) != 0 || getsockname(place, general, &size) != 0) {
    std::string reason = strerror(errno);
    close(place);
    TORCH_CHECK(false, "no free port was found: ", reason);
  }
  *port = ntohs(address.sin_port);
  return place;
}

// Sums a bucket over the processes. The reducer's own way divides by their number.
class SumHook : public c10d::CppCommHookInterface<Group> {
 public:
  explicit SumHook(const Group &group) : CppCommHookInterface(group) {}

  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket &bucket) override {
    std::vector<at::Tensor> buffer{bucket.getBufferRef()};
    return state_->allreduce(buffer)->getFuture();
  }
};

// A template, so that the way that does not fit this libtorch is not compiled: newer ones take the sizes of the buckets too.
template <typename Reducer = c10d::Reducer>
std::unique_ptr<Reducer> make_reducer(const std::vector<at::Tensor> &parameters, std::vector<std::vector<size_t>> buckets, const Group &group,
                                      int64_t bucket_bytes) {
  using Buckets = std::vector<std::vector<size_t>>;
  using Names = std::unordered_map<size_t, std::string>;
  std::vector<bool> sparse(parameters.size(), false);
  constexpr int64_t first = c10d::kDefaultFirstBucketBytes;
  // Parameters that a loss does not reach are looked for: a batch may leave out parts of a network.
  constexpr bool finds_unused = true, views = false, skips = false, python = false;
  using Sizes = std::vector<int64_t>;
  if constexpr (std::is_constructible_v<Reducer, std::vector<at::Tensor>, Buckets, Group, std::vector<bool>, int64_t, bool, bool, Names, int64_t,
                                        bool, bool, Sizes>) {
    return std::make_unique<Reducer>(parameters, std::move(buckets), group, sparse, bucket_bytes, finds_unused, views, Names(), first, skips,
                                     python, Sizes());
  } else {
    return std::make_unique<Reducer>(parameters, std::move(buckets), group, sparse, bucket_bytes, finds_unused, views, Names(), first, skips,
                                     python);
  }
}

}  // namespace

struct ctorch_reducer {
  Group group;
  std::unique_ptr<c10d::Reducer> value;
};

bool ctorch_has_groups(void) {
#ifdef USE_C10D_GLOO
  return true;
#else
  return false;
#endif
}

// --- the store

static ctorch_status open_store(const std::string &host, c10d::TCPStoreOptions &options, ctorch_store **out, char **message) {
  quieten();
  const char *choice = getenv("USE_LIBUV");  // as in PyTorch
  options.useLibUV = choice == nullptr || strcmp(choice, "0") != 0;
  options.waitWorkers = false;
  return limited(message, [&] { *out = new ctorch_store{c10::make_intrusive<c10d::TCPStore>(host, options)}; });
}

ctorch_status ctorch_store_open(const char *host, uint16_t port, bool serves, int64_t limit, ctorch_store **out, char **message) {
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = serves;
  options.timeout = milliseconds(limit);
  return open_store(host, options, out, message);
}

ctorch_status ctorch_store_open_local(int64_t limit, ctorch_store **out, char **message) {
  c10d::TCPStoreOptions options;
  options.isServer = true;
  options.timeout = milliseconds(limit);
  int place = -1;
  ctorch_status status = bridge::guarded(message, [&] { place = local_socket(&options.port); });
  if (status != CTORCH_OK) return status;
  options.masterListenFd = place;  // the store closes it
  return open_store("127.0.0.1", options, out, message);
}

void ctorch_store_release(ctorch_store *store) { delete store; }

uint16_t ctorch_store_port(const ctorch_store *store) { return store->value->getPort(); }

ctorch_status ctorch_store_put_first(ctorch_store *store, const char *key, const char *text, char **message) {
  return limited(message, [&] { store->value->c10d::Store::compareSet(key, "", text); });
}

ctorch_status ctorch_store_find(ctorch_store *store, const char *key, char **text, char **message) {
  return limited(message, [&] { *text = store->value->check({key}) ? bridge::copy(store->value->get_to_str(key)) : nullptr; });
}

ctorch_status ctorch_store_meet(ctorch_store *store, const char *place, int32_t rank, int32_t count, int64_t limit, bool *missing,
                                char **message) {
  return limited(message, [&] {
    auto key = [&](int32_t of) { return std::string(place) + "/" + std::to_string(of); };
    std::vector<std::string> keys;
    for (int32_t i = 0; i < count; i++) keys.push_back(key(i));
    std::fill(missing, missing + count, false);
    store->value->c10d::Store::set(key(rank), "here");
    try {
      store->value->wait(keys, milliseconds(limit));
    } catch (const c10::DistError &) {
      // The store says only that it waited: who is missing is asked of it one by one. Where it is gone, this throws in its turn.
      for (int32_t i = 0; i < count; i++) missing[i] = !store->value->check({keys[i]});
    }
  });
}

// --- the group

ctorch_status ctorch_group_create(ctorch_store *store, const char *name, const char *host, int32_t rank, int32_t count, int64_t limit,
                                  ctorch_group **out, char **message) {
  return limited(message, [&] {
#ifdef USE_C10D_GLOO
    using Gloo = c10d::ProcessGroupGloo;
    c10::intrusive_ptr<Gloo::Options> options;
    if (host != nullptr && getenv("GLOO_SOCKET_IFNAME") == nullptr) {
      options = Gloo::Options::create(milliseconds(limit));
      options->devices.push_back(Gloo::createDeviceForHostname(host));
    } else {
      options = Gloo::Options::create_default(milliseconds(limit));
    }
    auto prefixed = c10::make_intrusive<c10d::PrefixStore>(name, store->value);
    auto group = c10::make_intrusive<c10d::ProcessGroup>(prefixed, rank, count);
    auto backend = c10::make_intrusive<Gloo>(prefixed, rank, count, options);
    auto use = [&](at::DeviceType device) {
      group->setBackend(device, c10d::ProcessGroup::GLOO, c10::intrusive_ptr<c10d::Backend>(backend));
    };
    use(at::kCPU);
    if (at::hasCUDA()) {
#ifdef USE_C10D_NCCL
      auto nccl_options = c10d::ProcessGroupNCCL::Options::create();
      nccl_options->timeout = milliseconds(limit);
      auto nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(prefixed, rank, count, nccl_options);
      group->setBackend(at::kCUDA, c10d::ProcessGroup::NCCL, c10::intrusive_ptr<c10d::Backend>(nccl));
#else
      use(at::kCUDA);  // by way of the host
#endif
    }
    group->setDefaultBackend(c10d::ProcessGroup::GLOO);
    group->setGroupName("workers");
    *out = new ctorch_group{group};
#else
    TORCH_CHECK(false, "gloo's headers were missing when this program was built");
#endif
  });
}

void ctorch_group_release(ctorch_group *group) { delete group; }

ctorch_status ctorch_group_sum(ctorch_group *group, const ctorch_tensor *a, ctorch_tensor **out, char **message) {
  return limited(message, [&] {
    c10::NoGradGuard guard;
    agree(group->value, {a->value});
    std::vector<at::Tensor> sum{a->value.detach().clone(at::MemoryFormat::Contiguous)};
    finish(group->value->allreduce(sum));
    *out = new ctorch_tensor{sum[0]};
  });
}

ctorch_status ctorch_group_broadcast(ctorch_group *group, const ctorch_tensor *const *tensors, int32_t count, int32_t from, char **message) {
  return limited(message, [&] {
    c10::NoGradGuard guard;
    std::vector<at::Tensor> places;
    for (int32_t i = 0; i < count; i++) places.push_back(tensors[i]->value.detach());
    agree(group->value, places);
    c10d::broadcast_coalesced(group->value, places, size_t(250) << 20, from);
  });
}

ctorch_status ctorch_group_gather(ctorch_group *group, const ctorch_tensor *a, ctorch_tensor **out, char **message) {
  return limited(message, [&] {
    c10::NoGradGuard guard;
    agree(group->value, {a->value});
    std::vector<at::Tensor> mine{a->value.detach().contiguous()};
    std::vector<std::vector<at::Tensor>> all(1);
    int count = group->value->getSize();
    for (int i = 0; i < count; i++) all[0].push_back(at::empty_like(mine[0]));
    finish(group->value->allgather(all, mine));
    for (int i = 0; i < count; i++) out[i] = new ctorch_tensor{all[0][static_cast<size_t>(i)]};
  });
}

ctorch_status ctorch_group_barrier(ctorch_group *group, char **message) {
  // The monitored one names who is missing. It waits for the ranks before it lets them go on.
  return limited(message, [&] { group->value->monitoredBarrier(c10d::BarrierOptions(), /*waitAllRanks=*/true); });
}

// --- gradients

ctorch_status ctorch_reducer_create(ctorch_group *group, const ctorch_tensor *const *parameters, int32_t count, int64_t bucket_bytes,
                                    ctorch_reducer **out, char **message) {
  return limited(message, [&] {
    std::vector<at::Tensor> all = values(parameters, count);
    agree(group->value, all);
    auto bytes = static_cast<size_t>(bucket_bytes);
    std::vector<bool> sparse(all.size(), false);
    auto first = std::min<size_t>(bytes, c10d::kDefaultFirstBucketBytes);
    // Gradients come in the opposite order of the parameters, and the first bucket is small so that sending begins early.
    std::vector<at::Tensor> backwards(all.rbegin(), all.rend());
    std::vector<int64_t> indices;
    for (size_t i = all.size(); i > 0; i--) indices.push_back(static_cast<int64_t>(i - 1));
    auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(backwards, {first, bytes}, sparse, indices));
    auto reducer = make_reducer(all, buckets, group->value, bucket_bytes);
    reducer->register_comm_hook(std::make_unique<SumHook>(group->value));
    *out = new ctorch_reducer{group->value, std::move(reducer)};
  });
}

void ctorch_reducer_release(ctorch_reducer *reducer) {
  char *message = nullptr;
  if (reducer == nullptr) return;
  // Its destructor may throw, which that of a unique_ptr may not.
  c10d::Reducer *value = reducer->value.release();
  delete reducer;
  if (bridge::guarded(&message, [&] { delete value; }) != CTORCH_OK) ctorch_free_message(message);
}

ctorch_status ctorch_reducer_backward(ctorch_reducer *reducer, const ctorch_tensor *loss, bool is_last, char **message) {
  return limited(message, [&] {
    if (is_last) {
      NoWarnings none;
      c10::WarningUtils::WarningHandlerGuard guard(&none);
      reducer->value->prepare_for_backward({loss->value});
    }
    loss->value.backward();
  });
}

ctorch_status ctorch_group_sum_gradients(ctorch_group *group, const ctorch_tensor *const *parameters, int32_t count, int64_t bucket_bytes,
                                         char **message) {
  return limited(message, [&] {
    c10::NoGradGuard guard;
    std::vector<at::Tensor> all = values(parameters, count);
    agree(group->value, all);
    // Which of them any rank has reached.
    std::vector<int32_t> mine;
    for (const at::Tensor &parameter : all) mine.push_back(parameter.grad().defined() ? 1 : 0);
    std::vector<at::Tensor> reached{at::tensor(mine, at::kInt)};
    finish(group->value->allreduce(reached));
    std::vector<at::Tensor> gradients;
    for (size_t i = 0; i < all.size(); i++) {
      if (reached[0][static_cast<int64_t>(i)].item<int32_t>() == 0) continue;
      at::Tensor &gradient = all[i].mutable_grad();
      gradient = gradient.defined() ? gradient.contiguous() : at::zeros_like(all[i], at::MemoryFormat::Contiguous);
      gradients.push_back(gradient);
    }
    if (gradients.empty()) return;
    std::vector<c10::intrusive_ptr<c10d::Work>> works;
    auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(gradients, {static_cast<size_t>(bucket_bytes)}));
    for (const std::vector<size_t> &bucket : buckets) {
      std::vector<at::Tensor> tensors;
      for (size_t index : bucket) tensors.push_back(gradients[index]);
      works.push_back(group->value->allreduce_coalesced(tensors));
    }
    for (const auto &work : works) finish(work);
  });
}
