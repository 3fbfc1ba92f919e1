#include "cli/serve/watch_errors.h"

#include "runtime/report/diagnostic.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC(number, entry_name, severity_name, message_template, ...)            \
  namespace braid::diag {                                                                     \
  struct entry_name {                                                                         \
    BRAID_FOR_EACH_ARGUMENT(BRAID_ARGUMENT_MEMBER __VA_OPT__(, ) __VA_ARGS__)                 \
    Error error() const {                                                                     \
      Diagnostic made;                                                                        \
      BRAID_FOR_EACH_ARGUMENT(BRAID_ARGUMENT_VALUE __VA_OPT__(, ) __VA_ARGS__)                \
      return {ErrorKind::usage, render_message(message_template, made.arguments), number, 0}; \
    }                                                                                         \
  };                                                                                          \
  }
#include "runtime/report/watch_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::cli {

Error cannot_listen(const std::string& address, const std::string& reason) {
  return diag::CannotListen{.address = address, .reason = reason}.error();
}

Error no_answer(const std::string& address, const std::string& reason) {
  return diag::NoAnswer{.address = address, .reason = reason}.error();
}

Error not_listening(const std::string& store) {
  return diag::NotListening{.path = store}.error();
}

Error no_store(const std::string& store) {
  return diag::NoStore{.path = store}.error();
}

}  // namespace braid::cli
