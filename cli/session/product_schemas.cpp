#include "cli/session/product_schemas.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "runtime/base/fs.h"
#include "runtime/codec/avro_compatibility.h"
#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/change_row.h"
#include "runtime/codec/protobuf_compatibility.h"
#include "runtime/codec/protobuf_encoder.h"
#include "runtime/report/format_diagnostics.h"
#include "runtime/report/suggest.h"
#include "runtime/schema/json_schema.h"

namespace braid::cli {
namespace {

bool has_schema(const typed::Relation& relation) {
  return relation.source || relation.kind == typed::RelationKind::product;
}

/// How the timestamps of a source's records are written: its options, or those of the environment.
schema::TimestampForms timestamp_forms(const Session& session, const typed::Relation& relation) {
  schema::TimestampForms forms;
  const auto look_at = [&](const std::string& option) {
    forms.numbers |= option == "unit";
    forms.without_zone |= option == "zone";
  };
  const auto bound = session.environment().bind.find(relation.qualified());
  if (bound != session.environment().bind.end())
    for (const auto& [name, value] : bound->second.options) look_at(name);
  if (relation.source->from)
    for (const auto& [name, value] : relation.source->from->options) look_at(name);
  return forms;
}

/// Of what is written: a table may go out as whole changes.
std::vector<Field> row_of(const typed::Relation& product) {
  return written_row(product.row, product.changes, product.change_form);
}

schema::RowSchema row_schema(const typed::Relation& relation) {
  schema::RowSchema made{relation.qualified(), relation.version, relation.documentation, {}};
  if (relation.source) {
    for (const typed::SourceField& field : relation.source->fields)
      made.fields.push_back({field.path, field.type, field.fallback != nullptr, field.documentation});
    if (!relation.time_path.empty()) made.fields.pop_back();  // computed for the event time
  } else {
    for (const Field& field : row_of(relation)) made.fields.push_back({{field.name}, field.type, false, ""});
  }
  return made;
}

std::optional<std::string> json_text(Session& session, const typed::Relation& relation, const std::string&) {
  const schema::RowSchema rows = row_schema(relation);
  if (!relation.source) return schema::json_schema_of_rows(rows);
  return schema::json_schema_of_records(rows, timestamp_forms(session, relation));
}

/// For people, and for what version control shows of a change.
std::string indented(const std::string& json) {
  return nlohmann::ordered_json::parse(json).dump(2) + "\n";
}

/// Reports and gives true where there is no schema to write.
bool is_source(Session& session, const typed::Relation& relation, const std::string& format) {
  if (!relation.source) return false;
  session.reporter()
      .report(diag::FlagValue{.option = "--format " + format, .expected = "a product", .found = relation.qualified()})
      .note("whoever writes the records of a source has their schema");
  return true;
}

std::optional<std::string> avro_text(Session& session, const typed::Relation& relation, const std::string&) {
  if (is_source(session, relation, "avro")) return std::nullopt;
  const auto text = avro_schema_of(relation.qualified(), row_of(relation));
  if (text.ok()) return indented(*text);
  session.reporter()
      .report(diag::NoAvroSchema{.product = relation.qualified(), .reason = text.error().message})
      .at(relation.span);
  return std::nullopt;
}

std::optional<std::string> protobuf_text(Session& session, const typed::Relation& relation,
                                         const std::string& earlier) {
  if (is_source(session, relation, "protobuf")) return std::nullopt;
  auto text = protobuf_schema_of(relation.qualified(), row_of(relation), earlier);
  if (text.ok()) return std::move(*text);
  session.reporter()
      .report(diag::NoProtobufSchema{.product = relation.qualified(), .reason = text.error().message})
      .at(relation.span);
  return std::nullopt;
}

struct SchemaFormat {
  const char* name;
  const char* ending;
  /// The last argument: the schema that was kept last, or nothing.
  std::optional<std::string> (*text)(Session&, const typed::Relation&, const std::string&);
  schema::FindBreaks find_breaks;
};
constexpr SchemaFormat kFormats[] = {
    {"json-schema", ".schema.json", json_text, schema::find_json_breaks},
    {"avro", ".avsc", avro_text, find_avro_breaks},
    {"protobuf", ".proto", protobuf_text, find_protobuf_breaks},
};

const SchemaFormat& format_named(const std::string& name) {
  return *std::find_if(std::begin(kFormats), std::end(kFormats), [&](const auto& each) { return each.name == name; });
}

struct KeptSchema {
  int64_t number;
  std::string path;
  std::string text;
};

std::string folder_of(const Session& session) {
  const std::string& root = session.files().root;
  return root.empty() ? "schemas" : join_path(root, "schemas");
}

std::string kept_name(const typed::Relation& product, int64_t number, const SchemaFormat& format) {
  return fmt::format("{}.v{}-{}{}", product.qualified(), product.version, number, format.ending);
}

/// Oldest first; reports and gives nothing if one cannot be read.
std::optional<std::vector<KeptSchema>> kept_schemas(Session& session, const typed::Relation& product,
                                                    const SchemaFormat& format) {
  const std::string folder = folder_of(session);
  const auto unreadable = [&](const std::string& path, const std::string& reason) {
    session.reporter().report(diag::KeptSchemaBroken{.path = path, .reason = reason});
    return std::nullopt;
  };
  std::vector<KeptSchema> made;
  const auto info = real_fs().stat(folder);
  if (!info.ok()) return unreadable(folder, info.error().message);
  if (!info->directory) return made;
  const auto names = real_fs().list_directory(folder);
  if (!names.ok()) return unreadable(folder, names.error().message);
  const std::string begin = fmt::format("{}.v{}-", product.qualified(), product.version);
  for (const std::string& name : *names) {
    if (!name.starts_with(begin) || !name.ends_with(format.ending)) continue;
    int64_t number = 0;
    std::from_chars(name.data() + begin.size(), name.data() + name.size(), number);
    if (name != kept_name(product, number, format)) continue;
    const std::string path = join_path(folder, name);
    auto text = real_fs().read_file(path);
    if (!text.ok()) return unreadable(path, text.error().message);
    made.push_back({number, path, std::move(*text)});
  }
  std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return made;
}

/// Whether the schema keeps the product's promise towards what is kept; reports what it breaks.
bool keeps_promise(Session& session, const typed::Relation& product, const SchemaFormat& format, const std::string& now,
                   const std::vector<KeptSchema>& kept) {
  if (!product.compatible || kept.empty()) return true;
  std::vector<std::string> earlier;
  for (const KeptSchema& each : kept) earlier.push_back(each.text);
  // One after the other, so that a broken file is named.
  for (const KeptSchema& each : kept)
    if (const auto read = format.find_breaks(each.text, now); !read.ok()) {
      session.reporter().report(diag::KeptSchemaBroken{.path = each.path, .reason = read.error().message});
      return false;
    }
  const auto broken = schema::broken_readers(*product.compatible, now, earlier, format.find_breaks);
  if (!broken.ok() || broken->empty()) return broken.ok();
  for (size_t i = 0; i < kept.size(); ++i) {
    std::optional<DiagnosticBuilder> finding;
    for (const schema::BrokenReader& each : *broken) {
      if (each.earlier != i) continue;
      if (!finding) {
        finding.emplace(
            session.reporter().report(diag::SchemaBreaks{.product = product.qualified(),
                                                         .level = std::string(schema::word_of(*product.compatible)),
                                                         .path = kept[i].path}));
        finding->at(product.span, "its rows have another schema now");
      }
      const std::string way_out = schema::way_out(each);
      finding->note(schema::to_text(each) + (way_out.empty() ? "" : "; " + way_out));
    }
    if (finding)
      finding->note(fmt::format("or let readers choose when to move: `product {} version {}`", product.name,
                                product.version + 1));
  }
  return false;
}

}  // namespace

std::vector<std::string> schema_formats() {
  std::vector<std::string> names;
  for (const SchemaFormat& each : kFormats) names.emplace_back(each.name);
  return names;
}

const typed::Relation* find_relation(Session& session, const std::string& name) {
  const typed::Relation* whole = nullptr;
  std::vector<const typed::Relation*> found;  // one of each domain
  std::vector<std::string> names;
  const auto newer = [](const typed::Relation* known, const typed::Relation& other) {
    return known == nullptr || known->version < other.version;
  };
  for (const typed::Relation& relation : session.project().relations) {
    if (!has_schema(relation)) continue;
    names.push_back(relation.qualified());
    if (relation.qualified() == name && newer(whole, relation)) whole = &relation;
    if (relation.name != name) continue;
    const auto same = std::find_if(found.begin(), found.end(),
                                   [&](const typed::Relation* one) { return one->domain == relation.domain; });
    if (same == found.end())
      found.push_back(&relation);
    else if (newer(*same, relation))
      *same = &relation;
  }
  if (whole != nullptr) return whole;
  if (found.size() == 1) return found.front();
  auto finding = session.reporter().report(diag::NoSuchRelation{.name = name});
  if (found.size() > 1) {
    std::vector<std::string> meant;
    for (const typed::Relation* each : found) meant.push_back(each->qualified());
    finding.note(fmt::format("several domains have it: {}", fmt::join(meant, ", ")));
    return nullptr;
  }
  std::vector<std::string> short_names;
  for (const std::string& each : names) short_names.push_back(each.substr(each.rfind('.') + 1));
  if (const auto near = closest(name, names))
    finding.note("did you mean `" + *near + "`?");
  else if (const auto nearly = closest(name, short_names))
    finding.note("did you mean `" + *nearly + "`?");
  else
    finding.note("`braid schema` lists all of them");
  return nullptr;
}

std::string list_relations(const Session& session) {
  size_t widest = 0;
  for (const typed::Relation& each : session.project().relations) widest = std::max(widest, each.qualified().size());
  std::string made;
  for (const typed::Relation& each : session.project().relations) {
    if (!has_schema(each) || each.output_of >= 0) continue;
    const char* kind = each.kind == typed::RelationKind::product  ? "product"
                       : each.kind == typed::RelationKind::stream ? "stream"
                                                                  : "table";
    made += fmt::format("{:<{}}  {} version {}\n", each.qualified(), widest, kind, each.version);
  }
  return made;
}

std::optional<std::string> schema_text(Session& session, const typed::Relation& relation, const std::string& format) {
  const SchemaFormat& kind = format_named(format);
  const auto kept = kept_schemas(session, relation, kind);
  if (!kept) return std::nullopt;
  return kind.text(session, relation, kept->empty() ? "" : kept->back().text);
}

void check_kept_schemas(Session& session) {
  for (const typed::Relation& product : session.project().relations) {
    if (product.kind != typed::RelationKind::product || product.output_of >= 0) continue;
    for (const SchemaFormat& format : kFormats) {
      const auto kept = kept_schemas(session, product, format);
      if (!kept || kept->empty()) continue;
      const auto now = format.text(session, product, kept->back().text);
      if (!now || *now == kept->back().text || !keeps_promise(session, product, format, *now, *kept)) continue;
      session.reporter()
          .report(diag::SchemaNotKept{.product = product.qualified(), .path = kept->back().path})
          .at(product.span)
          .note(fmt::format("keep it when it is published: braid schema {}{} --keep", product.qualified(),
                            &format == kFormats ? "" : std::string(" --format ") + format.name));
    }
  }
}

std::optional<std::string> keep_schema(Session& session, const typed::Relation& product, const std::string& format) {
  const SchemaFormat& kind = format_named(format);
  const auto kept = kept_schemas(session, product, kind);
  if (!kept) return std::nullopt;
  const auto now = kind.text(session, product, kept->empty() ? "" : kept->back().text);
  if (!now || !keeps_promise(session, product, kind, *now, *kept)) return std::nullopt;
  if (!kept->empty() && *now == kept->back().text) return kept->back().path;
  const std::string path =
      join_path(folder_of(session), kept_name(product, kept->empty() ? 1 : kept->back().number + 1, kind));
  Status written = real_fs().make_directories(folder_of(session));
  if (written.ok()) written = real_fs().write_file(path, *now);
  if (written.ok()) return path;
  session.reporter().report(diag::CannotWrite{.path = path, .reason = written.error().message});
  return std::nullopt;
}

}  // namespace braid::cli
