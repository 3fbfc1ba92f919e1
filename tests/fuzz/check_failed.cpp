// Stands before the definition of runtime/base: a broken invariant must end in a signal here, which libFuzzer and the
// smoke test notice, and not in a quiet exit.
#include <cstdio>
#include <cstdlib>

#include "runtime/base/check.h"

namespace braid {

void check_failed(const char* file, int line, const char* condition, std::string_view message) {
  std::fprintf(stderr, "internal error at %s:%d: %s: %.*s\n", file, line, condition, static_cast<int>(message.size()),
               message.data());
  std::abort();
}

}  // namespace braid
