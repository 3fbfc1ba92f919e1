#include "tests/reasons/failing_script.h"

#include <gtest/gtest.h>

#include "cli/session/native.h"
#include "runtime/report/diagnostic.h"

namespace braid::reasons {
namespace {

std::string text_of(const CapturedRow& row, std::string_view name) {
  const int index = find_field(row.type->fields, name);
  if (index < 0 || row.value.items()[index].is_null()) return {};
  return row.value.items()[index].text();
}

ErrorRow read_row(const CapturedRow& captured) {
  ErrorRow row{.product = text_of(captured, "product"), .json = to_json(captured.type, captured.value)};
  row.code = text_of(captured, "code");
  row.reason = text_of(captured, "reason");
  row.span = text_of(captured, "span");
  row.step = text_of(captured, "step");
  row.expression = text_of(captured, "expression");
  row.output = text_of(captured, "output");
  if (const int calls = find_field(captured.type->fields, "calls"); calls >= 0)
    for (const Value& call : captured.value.items()[calls].items()) row.calls.push_back(call.text());
  const int arguments = find_field(captured.type->fields, "arguments");
  const std::vector<Field>& names = captured.type->fields[arguments].type->fields;
  for (size_t i = 0; i < names.size(); ++i)
    row.arguments.emplace_back(names[i].name, captured.value.items()[arguments].items()[i].text());
  return row;
}

std::vector<ErrorRow> run_once(const Program& program,
                               const std::vector<std::pair<std::string, std::string>>& records) {
  EngineOptions options;
  options.now = 1'800'000'000'000'000;
  auto session = InMemorySession::make(program, options);
  EXPECT_TRUE(session.ok());
  if (!session.ok()) return {};
  for (const auto& [name, bytes] : records)
    for (size_t source = 0; source < program.sources.size(); ++source)
      if (program.sources[source].name == name) (*session)->feed(static_cast<int>(source), bytes);
  (*session)->end_all();
  std::vector<ErrorRow> rows;
  for (const auto& [product, port] : (*session)->waiting()) {
    if (port != "rejected" && port != "late" && port != "unmatched") continue;
    for (const CapturedRow& captured : (*session)->take(product, port)) {
      rows.push_back(read_row(captured));
      rows.back().port = port;
    }
  }
  return rows;
}

}  // namespace

FailingScript::FailingScript(std::string text) : text_(std::move(text)), script_(text_) {
  EXPECT_EQ(script_.faults(), "") << text_;
}

std::vector<ErrorRow> FailingScript::run(const std::vector<std::pair<std::string, std::string>>& records) const {
  if (!script_.faults().empty()) return {};
  driver::Compiled compiled = script_.compile(true);
  const std::vector<ErrorRow> interpreted = run_once(compiled.program(), records);
  EXPECT_TRUE(cli::use_native_code(compiled, {.optimisation = 1}).ok());
  const std::vector<ErrorRow> native = run_once(compiled.program(), records);
  driver::Compiled plain = script_.compile(false);
  const std::vector<ErrorRow> without_passes = run_once(plain.program(), records);
  EXPECT_EQ(interpreted.size(), native.size());
  EXPECT_EQ(interpreted.size(), without_passes.size());
  for (size_t i = 0; i < std::min({interpreted.size(), native.size(), without_passes.size()}); ++i) {
    EXPECT_EQ(interpreted[i].json, native[i].json);
    EXPECT_EQ(interpreted[i].json, without_passes[i].json) << "without passes";
  }
  return interpreted;
}

std::string place_of(const std::string& text, size_t offset) {
  const size_t line_begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
  return fmt::format("script.braid:{}:{}",
                     std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(offset), '\n') + 1,
                     offset - line_begin + 1);
}

void check_row(const FailingScript& script, const ErrorRow& row) {
  SCOPED_TRACE(row.json);
  const CatalogueEntry* entry = find_catalogue_entry(std::stoi(row.code.substr(1)));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(row.reason.find("``"), std::string::npos);
  EXPECT_FALSE(row.reason.ends_with(": "));
  EXPECT_LE(row.reason.size(), 700u);
  const std::string_view message = entry->message;
  for (size_t at = message.find('{'); at != std::string_view::npos; at = message.find('{', at + 1)) {
    const std::string name(message.substr(at + 1, message.find('}', at) - at - 1));
    const auto argument =
        std::find_if(row.arguments.begin(), row.arguments.end(), [&](const auto& each) { return each.first == name; });
    ASSERT_NE(argument, row.arguments.end()) << name;
    EXPECT_NE(argument->second, "") << name;
    EXPECT_NE(row.reason.find(argument->second), std::string::npos) << name;
  }
  ASSERT_TRUE(row.span.starts_with("script.braid:"));
  EXPECT_EQ(row.json.find("\"span\":\"\""), std::string::npos);
  if (entry->code >= 6200 || entry->code < 6100) return;
  ASSERT_NE(row.expression, "") << "an expression failed, and the row does not name it";
  // The text at the place is the expression, and the step stands elsewhere.
  size_t line = 0, column = 0;
  ASSERT_EQ(std::sscanf(row.span.c_str(), "script.braid:%zu:%zu", &line, &column), 2);
  size_t offset = 0;
  for (size_t i = 1; i < line; ++i) offset = script.text().find('\n', offset) + 1;
  offset += column - 1;
  const std::string shown = row.expression.substr(0, row.expression.find("…"));
  EXPECT_EQ(script.text().substr(offset, shown.size()), shown);
  EXPECT_NE(script.text().substr(offset, row.step.size()), row.step);
}

}  // namespace braid::reasons
