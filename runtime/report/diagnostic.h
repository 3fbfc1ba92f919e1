// Everything that Braid reports to a user, at compile time or run time: a catalogue of codes with typed arguments
// (diagnostics.def), and findings made from it with labels, notes and fixes.
//
//   reporter.report(diag::UnknownField{.relation = "payment", .field = "amonut"})
//       .at(span, "no such field")
//       .also(declared, "fields of `payment` are declared here")
//       .note("…")
//       .fix(Applicability::likely, "use `amount`", {{span, "amount"}});
//
// Threads: a Reporter belongs to one thread. Diagnostics are plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/report/span.h"

namespace braid {

enum class Severity { error, warning, note };

/// Typed arguments reach JSON unflattened, so that no tool has to parse a message.
using DiagnosticArgument = std::variant<std::string, int64_t, std::vector<std::string>>;

struct Label {
  Span span;
  std::string text;
};

struct Edit {
  Span span;  ///< replaced by `text`; an empty span inserts
  std::string text;
};

/// certain: safe to apply unseen. likely: what was probably meant. sketch: has a gap to fill in.
enum class Applicability { certain, likely, sketch };

struct Fix {
  Applicability applicability = Applicability::likely;
  std::string text;  ///< an instruction, lower case, no full stop: "use `amount`"
  std::vector<Edit> edits;
};

struct Diagnostic {
  int code = 0;  ///< 2107 is shown as E2107 (warnings as W2107)
  Severity severity = Severity::error;
  std::string message;  ///< rendered from the catalogue's template; lower case, no full stop
  std::vector<std::pair<std::string, DiagnosticArgument>> arguments;
  std::vector<Label> labels;  ///< the first is the primary place; none for errors without a place
  std::vector<std::string> notes;
  std::vector<Fix> fixes;
};

/// "E2107" or "W2107".
std::string code_text(const Diagnostic& diagnostic);

/// One line of the catalogue.
struct CatalogueEntry {
  int code;
  std::string_view name;
  Severity severity;
  std::string_view message;  ///< template with {argument}
};
/// All entries, ordered by code.
const std::vector<CatalogueEntry>& catalogue();
const CatalogueEntry* find_catalogue_entry(int code);

class DiagnosticBuilder {
 public:
  explicit DiagnosticBuilder(Diagnostic& target) : target_(target) {}
  /// The first call names the primary place.
  DiagnosticBuilder& at(Span span, std::string label = {});
  /// A second place that matters: the declaration, the first use.
  DiagnosticBuilder& also(Span span, std::string label);
  DiagnosticBuilder& note(std::string text);
  DiagnosticBuilder& fix(Applicability applicability, std::string text, std::vector<Edit> edits);

 private:
  Diagnostic& target_;
};

/// Collects findings. Source order is restored by `take_sorted`; equal findings at one place are reported once.
class Reporter {
 public:
  template <class Entry>
  DiagnosticBuilder report(const Entry& entry) {
    findings_.push_back(entry.make());
    return DiagnosticBuilder(findings_.back());
  }
  void add(Diagnostic diagnostic) { findings_.push_back(std::move(diagnostic)); }
  bool has_errors() const;
  size_t size() const { return findings_.size(); }
  /// Drops what was reported after `size` findings: for trying one reading and falling back to another.
  void truncate(size_t size) { findings_.resize(size); }
  const std::vector<Diagnostic>& findings() const { return findings_; }
  std::vector<Diagnostic> take_sorted();

 private:
  std::vector<Diagnostic> findings_;
};

namespace diag {
/// Puts arguments into a catalogue template: "`{a}`" → "`x`".
std::string render_message(std::string_view message_template,
                           const std::vector<std::pair<std::string, DiagnosticArgument>>& arguments);
using Text = std::string;
using Number = int64_t;
using Names = std::vector<std::string>;
}  // namespace diag
}  // namespace braid

// One struct per entry of the catalogue: `diag::UnknownField{.relation = …, .field = …}`. A wrong or mistyped
// argument does not compile.
#define BRAID_FOR_1(m, x, ...) m x __VA_OPT__(BRAID_FOR_2(m, __VA_ARGS__))
#define BRAID_FOR_2(m, x, ...) m x __VA_OPT__(BRAID_FOR_3(m, __VA_ARGS__))
#define BRAID_FOR_3(m, x, ...) m x __VA_OPT__(BRAID_FOR_4(m, __VA_ARGS__))
#define BRAID_FOR_4(m, x, ...) m x __VA_OPT__(BRAID_FOR_5(m, __VA_ARGS__))
#define BRAID_FOR_5(m, x, ...) m x __VA_OPT__(BRAID_FOR_6(m, __VA_ARGS__))
#define BRAID_FOR_6(m, x, ...) m x __VA_OPT__(BRAID_FOR_7(m, __VA_ARGS__))
#define BRAID_FOR_7(m, x, ...) m x
#define BRAID_FOR_EACH_ARGUMENT(m, ...) __VA_OPT__(BRAID_FOR_1(m, __VA_ARGS__))
#define BRAID_ARGUMENT_MEMBER(type, name) type name{};
#define BRAID_ARGUMENT_VALUE(type, name) made.arguments.emplace_back(#name, name);

// For another part of the catalogue: define BRAID_DIAGNOSTIC as this, include the part, and undefine it.
#define BRAID_DIAGNOSTIC_STRUCT(number, entry_name, severity_name, message_template, ...) \
  namespace braid::diag {                                                                 \
  struct entry_name {                                                                     \
    BRAID_FOR_EACH_ARGUMENT(BRAID_ARGUMENT_MEMBER __VA_OPT__(, ) __VA_ARGS__)             \
    static constexpr int kCode = number;                                                  \
    Diagnostic make() const {                                                             \
      Diagnostic made;                                                                    \
      made.code = number;                                                                 \
      made.severity = Severity::severity_name;                                            \
      BRAID_FOR_EACH_ARGUMENT(BRAID_ARGUMENT_VALUE __VA_OPT__(, ) __VA_ARGS__)            \
      made.message = render_message(message_template, made.arguments);                    \
      return made;                                                                        \
    }                                                                                     \
  };                                                                                      \
  }

#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/diagnostics.def"
#undef BRAID_DIAGNOSTIC
