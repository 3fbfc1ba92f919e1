// Fields in the path of an output: `to file "out/{country}/{day}.ndjson"`.
#include "compiler/check/closest.h"
#include "compiler/check/context.h"
#include "compiler/check/reach.h"
#include "compiler/check/types.h"
#include "runtime/declare/path_template.h"
#include "runtime/report/step_findings.h"

namespace braid::checking {

void check_output_path(Context& context, const ast::Connector& connector, const Row& row, const std::string& product) {
  const Span place = connector.address.span;
  const std::string& path = connector.address.value;
  if (path.find_first_of("{}") == std::string::npos) return;
  const bool topic = connector.name.text == "topic";
  if (connector.name.text != "file" && !topic) return;  // reported
  const auto read = PathTemplate::parse(path);
  if (!read) {
    context.reporter.report(diag::BrokenPath{.path = path})
        .at(place, "`{field}` is a field of the row, `{{` and `}}` are braces of the path");
    return;
  }
  const std::vector<Field> fields = row.types();
  for (const PathTemplate::Part& part : read->parts) {
    if (part.field.empty()) continue;
    Span written = place;
    if (const size_t at = context.text(place).find("{" + part.field + "}"); at != std::string_view::npos) {
      written.begin = place.begin + static_cast<uint32_t>(at) + 1;
      written.end = written.begin + static_cast<uint32_t>(part.field.size());
    }
    const std::vector<int> way = path_in_row(fields, part.field);
    if (way.empty()) {
      if (row.open) continue;
      auto report = context.reporter.report(diag::PathField{.product = product, .field = part.field});
      report.at(written, "not among the fields of the result");
      std::vector<std::string> names;
      for (const Field& field : fields) names.push_back(field.name);
      if (const auto meant = closest(part.field, names))
        report.fix(Applicability::likely, "use `" + *meant + "`", {{written, *meant}});
      continue;
    }
    const Type type = type_at(fields, way);
    const Span declared = row.fields[static_cast<size_t>(way.front())].declared;
    if (is_error(without_optional(type))) continue;
    if (!fits_in_path(type)) {
      auto report = context.reporter.report(
          diag::PathFieldType{.product = product, .field = part.field, .type = to_string(type)});
      report.at(written, "no single value with one text");
      if (!declared.empty()) report.also(declared, "made here");
      continue;
    }
    if (!row.table || row.open) continue;
    const bool of_key = std::any_of(row.key.begin(), row.key.end(), [&](const KeyPart& key) {
      std::vector<int> whole{key.column};
      whole.insert(whole.end(), key.path.begin(), key.path.end());
      return whole == way;
    });
    if (of_key) continue;
    context.reporter.report(diag::PathOfTable{.product = product, .field = part.field})
        .at(written, topic ? "a row whose value changes would be in two topics"
                           : "a row whose value changes would be in two files")
        .also(row.key_clause.empty() ? declared : row.key_clause, row.key_clause.empty() ? "made here" : "its key")
        .note("of a table only fields of the key can be in the path");
  }
}

void check_shared_outputs(Context& context, bool of_run) {
  std::sort(context.outputs.begin(), context.outputs.end(), [](const NamedOutput& a, const NamedOutput& b) {
    return std::pair(a.span.file, a.span.begin) < std::pair(b.span.file, b.span.begin);
  });
  auto place = [](const NamedOutput& output) {
    std::string_view path = output.path;
    while (output.connector == "file" && path.starts_with("./")) path.remove_prefix(2);
    return path;
  };
  for (size_t i = 0; i < context.outputs.size(); ++i) {
    const NamedOutput& output = context.outputs[i];
    const bool topic = output.connector == "topic";
    if (output.path.empty() || (output.connector != "file" && !topic)) continue;
    const auto other = std::find_if(
        context.outputs.begin(), context.outputs.begin() + static_cast<std::ptrdiff_t>(i),
        [&](const NamedOutput& each) { return each.connector == output.connector && place(each) == place(output); });
    if (other == context.outputs.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    if ((is_of_run(context, *output.product) || is_of_run(context, *other->product)) != of_run) continue;
    const std::string first = other->product->name.text, second = output.product->name.text;
    auto report =
        topic ? context.reporter.report(diag::TopicShared{.first = first, .second = second, .topic = output.path})
              : context.reporter.report(diag::SharedOutput{.first = first, .second = second, .path = output.path});
    report.at(output.span, "named again").also(other->span, "of `" + first + "`");
    report.note(topic ? "a topic holds the rows of one product; a `union` puts those of several into one"
                      : "a file holds the rows of one product; a `union` puts those of several into one");
  }
}

}  // namespace braid::checking
