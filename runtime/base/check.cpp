#include "runtime/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace braid {

void check_failed(const char* file, int line, const char* condition, std::string_view message) {
  std::fprintf(stderr, "braid: internal error at %s:%d: %s%s%.*s\n", file, line, condition, message.empty() ? "" : ": ",
               static_cast<int>(message.size()), message.data());
  std::fflush(stderr);
  std::_Exit(70);
}

}  // namespace braid
