// The objects that calls keep from row to row (CallContext::caches). A call site makes its object at its first call;
// this class frees it. One thread at a time. The Program outlives it.
#pragma once

#include <vector>

#include "runtime/abi/program.h"

namespace braid {

class CallCaches {
 public:
  explicit CallCaches(const Program& program) : free_(program.free_caches), caches_(program.cache_count, nullptr) {}
  CallCaches(const CallCaches&) = delete;
  CallCaches& operator=(const CallCaches&) = delete;
  ~CallCaches() {
    for (size_t i = 0; i < caches_.size() && i < free_.size(); ++i)
      if (caches_[i] != nullptr && free_[i] != nullptr) free_[i](caches_[i]);
  }
  void** data() { return caches_.data(); }

 private:
  const std::vector<void (*)(void*)>& free_;
  std::vector<void*> caches_;
};

}  // namespace braid
