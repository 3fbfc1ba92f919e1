// The entries of format_diagnostics.def, as diagnostic.h has those of diagnostics.def.
#pragma once

#include "runtime/report/diagnostic.h"

#define BRAID_DIAGNOSTIC(number, entry_name, severity_name, message_template, ...) \
  namespace braid::diag {                                                          \
  struct entry_name {                                                              \
    BRAID_FOR_EACH_ARGUMENT(BRAID_ARGUMENT_MEMBER __VA_OPT__(, ) __VA_ARGS__)      \
    static constexpr int kCode = number;                                           \
    Diagnostic make() const {                                                      \
      Diagnostic made;                                                             \
      made.code = number;                                                          \
      made.severity = Severity::severity_name;                                     \
      BRAID_FOR_EACH_ARGUMENT(BRAID_ARGUMENT_VALUE __VA_OPT__(, ) __VA_ARGS__)     \
      made.message = render_message(message_template, made.arguments);             \
      return made;                                                                 \
    }                                                                              \
  };                                                                               \
  }
#include "runtime/report/format_diagnostics.def"
#undef BRAID_DIAGNOSTIC
