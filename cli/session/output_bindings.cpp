#include "cli/session/output_bindings.h"

#include <algorithm>
#include <filesystem>

#include "cli/session/format_options.h"
#include "runtime/report/step_findings.h"

namespace braid::cli {
namespace {

const typed::Relation* relation_of(const typed::Project& project, const ProductSpec& product) {
  for (const typed::Relation& relation : project.relations)
    if (relation.kind == typed::RelationKind::product && relation.qualified() == product.qualified() &&
        relation.version == product.version)
      return &relation;
  return nullptr;
}

/// The path of an output, whose fields are behind the folder of the project.
void set_path(OutputBinding& binding, const std::string& path, const std::string& root, const ProductSpec& product,
              Span place, Reporter& reporter) {
  binding.path = path;
  const std::string folder = root.empty() || !path.starts_with(root) ? std::string() : root;
  const std::string written = path.substr(folder.size());
  if (written.find_first_of("{}") == std::string::npos) return;
  auto read = PathTemplate::parse(written);
  if (!read) {
    reporter.report(diag::BrokenPath{.path = written}).at(place);
    return;
  }
  if (!names_outputs(*read, product, place, reporter)) return;
  read->text = path;
  read->parts.front().literal.insert(0, folder);
  if (read->has_fields())
    binding.parts = std::move(read);
  else
    binding.path = read->parts.front().literal;
}

}  // namespace

bool names_outputs(const PathTemplate& path, const ProductSpec& product, Span place, Reporter& reporter) {
  bool sound = true;
  for (const PathTemplate::Part& part : path.parts) {
    if (part.field.empty()) continue;
    const std::vector<int> way = path_in_row(product.row, part.field);
    if (way.empty()) {
      std::vector<std::string> names;
      for (const Field& field : product.row) names.push_back(field.name);
      reporter.report(diag::PathField{.product = product.qualified(), .field = part.field})
          .at(place)
          .note(fmt::format("it has: {}", fmt::join(names, ", ")));
      sound = false;
    } else if (const Type type = type_at(product.row, way); !fits_in_path(type)) {
      reporter.report(diag::PathFieldType{.product = product.qualified(), .field = part.field, .type = to_string(type)})
          .at(place);
      sound = false;
    } else if (product.changes && std::ranges::find(product.key, way) == product.key.end()) {
      reporter.report(diag::PathOfTable{.product = product.qualified(), .field = part.field})
          .at(place)
          .note("of a table only fields of the key can be in the path");
      sound = false;
    }
  }
  return sound;
}

std::string format_of_ending(const std::string& path) {
  if (path.ends_with(".csv")) return "csv";
  return path.ends_with(".avro") ? "avro" : "json";
}

std::map<int, OutputBinding> bind_files(const Program& program, const typed::Project& project,
                                        const Environment& environment, const std::string& root, Reporter& reporter) {
  std::map<int, OutputBinding> files;
  for (size_t i = 0; i < program.products.size(); ++i) {
    const ProductSpec& product = program.products[i];
    // Of several versions the newest goes where the environment says; two never share a file.
    const bool newest = std::ranges::none_of(program.products, [&](const ProductSpec& other) {
      return other.qualified() == product.qualified() && other.version > product.version;
    });
    OutputBinding binding;
    const auto out = environment.out.find(product.qualified());
    if (newest && out != environment.out.end()) {
      set_path(binding, out->second.file, root, product, out->second.span, reporter);
      binding.format = out->second.format.empty() ? format_of_ending(binding.path) : out->second.format;
      binding.style = csv_style({out->second.options.begin(), out->second.options.end()});
    } else {
      const typed::Relation* relation = relation_of(project, product);
      if (relation == nullptr || !relation->to || relation->to->kind != "file") continue;
      const typed::Connector& to = *relation->to;
      const bool relative = !std::filesystem::path(to.address).is_absolute() && !root.empty();
      set_path(binding, relative ? (std::filesystem::path(root) / to.address).string() : to.address, root, product,
               to.span, reporter);
      binding.format = to.format.empty() ? format_of_ending(to.address) : to.format;
      FormatOptions options;
      for (const auto& [name, value] : to.options) options.emplace_back(name, option_text(value));
      const size_t before = reporter.size();
      check_format_options(product.qualified(), options, true, to.span, reporter);
      if (reporter.size() == before) binding.style = csv_style(options);
    }
    files[static_cast<int>(i)] = std::move(binding);
  }
  return files;
}

}  // namespace braid::cli
