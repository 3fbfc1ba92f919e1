// Cases in one script, a product each, over one record of values that make expressions fail.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "runtime/engine/in_memory.h"
#include "tests/scenarios/script.h"

namespace braid::reasons {

/// The stream `row` that cases read, as `kRowText` gives its record.
inline constexpr std::string_view kRowDeclaration = R"(domain shop

stream row
  time at within 1s
  key id
{
  id: int, i: int, low: int, two: int, zero: int, f: float, nought: float, d: decimal(38,2), none: decimal(38,2),
  t: string, x: string, list: list<int>, raw: bytes, u: uuid, day: date, clock: time, at: timestamp, old: timestamp,
  long: duration, short: duration, flag: bool, state: enum { open, shut }
}
)";
inline constexpr std::string_view kRowText =
    R"({"id":1,"i":9223372036854775807,"low":-9223372036854775808,"two":2,"zero":0,"f":1.5,"nought":0.0,)"
    R"("d":"999999999999999999999999999999999999.99","none":"0.00","t":"%zz","x":"x","list":[1,2,3],"raw":"AAEC",)"
    R"("u":"00000000-0000-0000-0000-000000000001","day":"2026-01-31","clock":"12:00:00","at":"2026-01-01T00:00:01Z",)"
    R"("old":"1900-01-01T00:00:00Z","long":"P106751990D","short":"PT1S","flag":true,"state":"open"})"
    "\n";

/// A row of `rejected`, `late` or `unmatched`.
struct ErrorRow {
  std::string product, port, json;
  std::string code, reason, span, step, expression, output;  ///< empty where null
  std::vector<std::string> calls;
  std::vector<std::pair<std::string, std::string>> arguments;
};

class FailingScript {
 public:
  /// `text` is a whole script that checks.
  explicit FailingScript(std::string text);

  const std::string& text() const { return text_; }
  const scenarios::Script& script() const { return script_; }
  /// The error rows of a run with the records fed to the sources of these names, in this order; interpreted and native
  /// runs give the same bytes.
  std::vector<ErrorRow> run(const std::vector<std::pair<std::string, std::string>>& records) const;

 private:
  std::string text_;
  scenarios::Script script_;
};

/// What holds for every error row: no empty argument, no hole in the sentence; with an expression, its place and text
/// are those of the script, and the place is not the step's.
void check_row(const FailingScript& script, const ErrorRow& row);

/// "script.braid:12:3" of an offset.
std::string place_of(const std::string& text, size_t offset);

}  // namespace braid::reasons
