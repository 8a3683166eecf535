// A compiled loop as an operation of TensorFlow's graphs, without Python in its way.
//
// TensorFlow has an operation for functions of Python, PyFuncStateless, which takes and gives any
// tensors. Here it gets another kernel, chosen by its label: one that calls a compiled function by
// its address. So a graph with a compiled loop has no operation that other programs do not know.
//
// The kernel reads in the attribute `token` what to call and which arrays that takes and gives
// (operation.py writes it), and checks each tensor against it: the function itself trusts sizes.

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include <atomic>
#include <sstream>
#include <string>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace {

// Memory, used again when TensorFlow has let go of it: fresh memory costs as much as some products,
// as the system clears it page by page. What is lent and what lies idle is together no more than
// was once lent at the same time.
class Pool {
 public:
  void* take(size_t bytes) {
    bytes = rounded(bytes);
    void* block = 0;
    pthread_mutex_lock(&mutex);
    for (size_t n = idle.size(); n-- && !block;)
      if (idle[n].bytes == bytes) {
        block = idle[n].at;
        lying -= bytes;
        idle.erase(idle.begin() + n);
      }
    lent += bytes;
    if (lent > peak) peak = lent;
    shrink();
    pthread_mutex_unlock(&mutex);
    if (!block && posix_memalign(&block, 64, bytes)) block = 0;
    return block;
  }
  void give_back(void* block, size_t bytes) {
    bytes = rounded(bytes);
    pthread_mutex_lock(&mutex);
    lent -= bytes;
    lying += bytes;
    idle.push_back({block, bytes});
    shrink();
    pthread_mutex_unlock(&mutex);
  }

 private:
  struct Block {
    void* at;
    size_t bytes;
  };
  static const size_t MOST = size_t(1) << 30;  // that may lie idle

  static size_t rounded(size_t bytes) { return (bytes / 4096 + 1) * 4096; }
  void shrink() {
    const size_t room = peak - lent < MOST ? peak - lent : MOST;
    while (lying > room) {
      lying -= idle.front().bytes;
      free(idle.front().at);
      idle.erase(idle.begin());
    }
  }
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::vector<Block> idle;
  size_t lent = 0, lying = 0, peak = 0;
};

Pool& pool = *new Pool;  // never destroyed: tensors may outlive everything

enum Role { SCRATCH, RETURNED, ABSENT };

struct Array {
  std::string meaning;
  int role;
  std::vector<int64_t> sizes;  // -1: the batch, -2: the steps

  std::vector<int64_t> shape(int64_t batch, int64_t steps) const {
    std::vector<int64_t> shape = sizes;
    for (int64_t& size : shape)
      if (size < 0) size = size == -1 ? batch : steps;
    return shape;
  }
};

typedef long Compiled(long batch, long steps, long threads, const uint8_t* mask,
                      const void* const* in, void* const* out, int keep);

struct Kernel {
  Compiled* function = 0;
  std::atomic<long>* ran = 0;  // where the number of threads is noted
  TF_DataType dtype;
  size_t width;  // bytes of a number
  long threads;
  int keep;
  bool masked;
  size_t x;  // which of the arrays it takes is x, (batch, steps, features)
  std::vector<Array> takes, gives;
};

std::string process;  // by which a graph of this process is known

std::string written(const std::vector<int64_t>& shape) {
  std::ostringstream text;
  text << "(";
  for (size_t n = 0; n < shape.size(); ++n) text << (n ? ", " : "") << shape[n];
  text << (shape.size() == 1 ? ",)" : ")");
  return text.str();
}

std::istream& operator>>(std::istream& from, Array& array) {
  size_t rank;
  from >> array.meaning >> array.role >> rank;
  for (char& c : array.meaning)
    if (c == '~') c = ' ';
  array.sizes.resize(rank < 9 ? rank : 0);
  for (int64_t& size : array.sizes) from >> size;
  return from;
}

std::istream& operator>>(std::istream& from, std::vector<Array>& arrays) {
  size_t count = 0;
  from >> count;
  for (size_t n = 0; n < count && from; ++n) {
    arrays.emplace_back();
    from >> arrays.back();
  }
  return from;
}

// What TensorFlow counts of references to status and tensors.
struct Status {
  TF_Status* const status = TF_NewStatus();
  ~Status() { TF_DeleteStatus(status); }
  bool good() const { return TF_GetCode(status) == TF_OK; }
};

void* create(TF_OpKernelConstruction* context) {
  Status s;
  auto fail = [&](const std::string& why) -> void* {
    TF_SetStatus(s.status, TF_FAILED_PRECONDITION, why.c_str());
    TF_OpKernelConstruction_Failure(context, s.status);
    return 0;
  };
  int32_t entries, bytes;
  TF_OpKernelConstruction_GetAttrSize(context, "token", &entries, &bytes, s.status);
  if (!s.good()) return fail("The compiled loop has no token.");
  std::string token(bytes, ' ');
  TF_OpKernelConstruction_GetAttrString(context, "token", &token[0], bytes, s.status);
  std::istringstream from(token);
  std::string of;
  from >> of;
  if (of != process)
    return fail(
        "This graph holds a compiled loop of the process that made it. Make it within "
        "keras_lstm_variants.portable() to run it elsewhere.");
  Kernel* kernel = new Kernel;
  intptr_t function, ran;
  int dtype;
  from >> function >> ran >> dtype >> kernel->width >> kernel->threads >> kernel->keep >>
      kernel->masked >> kernel->x >> kernel->takes >> kernel->gives;
  if (!from || kernel->x >= kernel->takes.size()) {
    delete kernel;
    return fail("The token of the compiled loop cannot be read.");
  }
  kernel->function = (Compiled*)function;
  kernel->ran = (std::atomic<long>*)ran;
  kernel->dtype = (TF_DataType)dtype;
  return kernel;
}

struct Inputs {
  std::vector<TF_Tensor*> tensors;
  ~Inputs() {
    for (TF_Tensor* tensor : tensors) TF_DeleteTensor(tensor);
  }
};

struct Scratch {
  std::vector<std::pair<void*, size_t>> blocks;  // not handed to TensorFlow
  ~Scratch() {
    for (auto& block : blocks) pool.give_back(block.first, block.second);
  }
};

std::vector<int64_t> shape_of(TF_Tensor* tensor) {
  std::vector<int64_t> shape(TF_NumDims(tensor));
  for (size_t n = 0; n < shape.size(); ++n) shape[n] = TF_Dim(tensor, n);
  return shape;
}

void compute(void* of, TF_OpKernelContext* context) {
  const Kernel& kernel = *(const Kernel*)of;
  Status s;
  auto fail = [&](TF_Code code, const std::string& why) {
    TF_SetStatus(s.status, code, why.c_str());
    TF_OpKernelContext_Failure(context, s.status);
  };
  const size_t count = kernel.masked + kernel.takes.size();
  Inputs inputs;
  for (size_t n = 0; n < count; ++n) {
    TF_Tensor* tensor = 0;
    TF_GetInput(context, n, &tensor, s.status);
    if (!s.good()) return TF_OpKernelContext_Failure(context, s.status);
    inputs.tensors.push_back(tensor);
  }
  TF_Tensor* const* const arrays = inputs.tensors.data() + kernel.masked;
  const std::vector<int64_t> x = shape_of(arrays[kernel.x]);
  if (x.size() != 3)
    return fail(TF_INVALID_ARGUMENT, "sequences must be (batch, steps, features), not " + written(x));
  const int64_t batch = x[0], steps = x[1];
  if (!steps)
    return fail(TF_INVALID_ARGUMENT, "The compiled loop takes sequences of at least one step.");
  auto wrong = [&](const std::string& meaning, TF_Tensor* tensor, const std::vector<int64_t>& shape,
                   TF_DataType dtype) {
    const std::vector<int64_t> has = shape_of(tensor);
    if (has == shape && TF_TensorType(tensor) == dtype) return false;
    fail(TF_INVALID_ARGUMENT, "The compiled loop takes " + meaning + " as " + written(shape) +
                                  ", not as " + written(has) + ".");
    return true;
  };
  if (kernel.masked && wrong("mask", inputs.tensors[0], {batch, steps}, TF_BOOL)) return;
  std::vector<const void*> in;
  for (size_t n = 0; n < kernel.takes.size(); ++n) {
    const Array& array = kernel.takes[n];
    if (wrong(array.meaning, arrays[n], array.shape(batch, steps), kernel.dtype)) return;
    in.push_back(TF_TensorData(arrays[n]));
  }
  const void* mask = kernel.masked ? TF_TensorData(inputs.tensors[0]) : 0;

  Scratch scratch;
  std::vector<void*> out;
  for (const Array& array : kernel.gives) {
    if (array.role == ABSENT) {
      out.push_back(0);
      continue;
    }
    size_t size = kernel.width;
    for (int64_t n : array.shape(batch, steps)) size *= n;
    void* const block = pool.take(size);
    if (!block) return fail(TF_RESOURCE_EXHAUSTED, "There is no memory for " + array.meaning + ".");
    scratch.blocks.emplace_back(block, size);
    out.push_back(block);
  }
  kernel.ran->store(kernel.function(batch, steps, kernel.threads, (const uint8_t*)mask, in.data(),
                                    out.data(), kernel.keep));
  std::vector<std::pair<void*, size_t>> ours;
  auto next = scratch.blocks.begin();
  int output = 0;
  for (const Array& array : kernel.gives) {
    if (array.role == ABSENT) continue;
    const auto block = *next++;
    if (array.role == SCRATCH) {
      ours.push_back(block);
      continue;
    }
    const std::vector<int64_t> shape = array.shape(batch, steps);
    TF_Tensor* tensor = TF_NewTensor(
        kernel.dtype, shape.data(), shape.size(), block.first, block.second,
        [](void* data, size_t size, void*) { pool.give_back(data, size); }, 0);
    TF_SetOutput(context, output++, tensor, s.status);
    TF_DeleteTensor(tensor);
    if (!s.good()) TF_OpKernelContext_Failure(context, s.status);
  }
  scratch.blocks.swap(ours);
}

void destroy(void* kernel) { delete (Kernel*)kernel; }

}  // namespace

// Makes the kernel known to TensorFlow, for graphs of the process with this name; once. Gives an
// error, or null.
extern "C" const char* register_kernel(const char* label, const char* name) {
  static std::string said;
  process = name;
  Status s;
  TF_KernelBuilder* builder =
      TF_NewKernelBuilder("PyFuncStateless", "CPU", create, compute, destroy);
  TF_KernelBuilder_Label(builder, label);
  TF_RegisterKernelBuilder(label, builder, s.status);
  said = s.good() ? "" : TF_Message(s.status);
  return said.empty() ? 0 : said.c_str();
}
