// The numbers of call sites whose functions keep an object between rows (a compiled regular expression, a time zone).
// Interpreter and code generator number the calls of one program with the same CallSites, so that both find the same
// object in CallContext::caches. Calls of one function with equal constant arguments share an object.
//
// One compilation owns it; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/typed/expression.h"

namespace braid::typed {

/// Of a call of a function with `takes_layout`: the layout of its type variable (runtime/declare/layout.h).
std::string call_layout(const Expression& call);
/// The scales that stand behind the arguments of a function with `takes_scales`; empty for others.
std::vector<int64_t> call_scales(const Expression& call);

class CallSites {
 public:
  /// `call` is a FunctionCall of a function with `takes_cache`.
  uint32_t index_of(const Expression& call);
  uint32_t count() const { return static_cast<uint32_t>(free_.size()); }
  /// For each index, what frees its object; null where the function needs none.
  const std::vector<void (*)(void*)>& free_functions() const { return free_; }

 private:
  std::unordered_map<std::string, uint32_t> indexes_;
  std::vector<void (*)(void*)> free_;
};

}  // namespace braid::typed
