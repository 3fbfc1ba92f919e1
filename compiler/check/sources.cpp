// Declared streams and tables: their fields, event time and key, and where they come from.
#include <cctype>

#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "compiler/check/labels.h"
#include "compiler/check/relations.h"
#include "compiler/typed/foreign_tables.h"
#include "runtime/base/overloaded.h"
#include "runtime/report/audit_findings.h"

namespace braid::checking {
namespace {

/// Columns of the fields above become what they are in a record: perhaps not converted.
typed::ExpressionRef over_raw_fields(const typed::ExpressionRef& expression, bool tried = false) {
  if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node)) {
    const typed::ExpressionRef raw = typed::make(checked_type(expression->type), expression->span, *column);
    const auto read = tried ? typed::Conversion::tried_read : typed::Conversion::checked_read;
    return typed::make(expression->type, expression->span, typed::Convert{read, raw});
  }
  if (const auto* attempt = std::get_if<typed::Attempt>(&expression->node)) tried = attempt->of_field;
  std::vector<typed::ExpressionRef> parts = typed::parts(*expression);
  if (parts.empty()) return expression;
  for (typed::ExpressionRef& part : parts) part = over_raw_fields(part, tried);
  return typed::with_parts(*expression, std::move(parts));
}

/// What other tools call a connector, a format or an option.
std::string other_spelling(std::string_view text) {
  struct Spelling {
    std::string_view other, ours;
  };
  static constexpr Spelling kSpellings[] = {{"kafka", "topic"},
                                            {"stream", "topic"},
                                            {"topics", "topic"},
                                            {"queue", "topic"},
                                            {"filesystem", "file"},
                                            {"files", "file"},
                                            {"path", "file"},
                                            {"ndjson", "json"},
                                            {"jsonl", "json"},
                                            {"jsonlines", "json"},
                                            {"tsv", "csv"},
                                            {"proto", "protobuf"},
                                            {"pb", "protobuf"},
                                            {"bytes", "raw"},
                                            {"delimiter", "separator"},
                                            {"sep", "separator"},
                                            {"delim", "separator"},
                                            {"field_delimiter", "separator"},
                                            {"na", "null"},
                                            {"na_values", "null"},
                                            {"null_value", "null"},
                                            {"nullValue", "null"},
                                            {"null_string", "null"},
                                            {"has_header", "header"},
                                            {"skip_header", "header"},
                                            {"quotechar", "quote"},
                                            {"quote_char", "quote"},
                                            {"columns", "names"},
                                            {"timezone", "zone"},
                                            {"time_zone", "zone"},
                                            {"tz", "zone"}};
  for (const Spelling& known : kSpellings)
    if (known.other == text) return std::string(known.ours);
  return "";
}

std::vector<std::string> split_path(const std::string& text) {
  std::vector<std::string> parts{""};
  for (char c : text) {
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

struct SourceChecker {
  Context& context;
  RelationInfo& info;
  const ast::Source& source;
  typed::Relation& made;
  Row& row;

  void fields() {
    typed::Source body;
    body.idle_us = 60'000'000;
    const Place place = place_of(*info.declaration);
    // Reports names that stand twice.
    const std::vector<Field> types = resolve_fields(context, place, source.fields, TypePlace::field);
    for (const ast::Field& field : source.fields.list) {
      if (row.find(field.name.text) >= 0) continue;
      const Type type = types[static_cast<size_t>(find_field(types, field.name.text))].type;
      typed::SourceField one{
          .name = field.name.text,
          .type = type,
          .path = field.from ? split_path(field.from->value) : std::vector<std::string>{field.name.text},
          .fallback = nullptr,
          .documentation = field.doc,
          .labels = {},
          .span = field.span};
      for (const ast::Label& label : field.labels) one.labels.push_back(label.text);
      if (field.type != nullptr) one.labels_below = labels_below(context, place, *field.type);
      if (field.initial != nullptr) one.fallback = fallback(place, field, type);
      body.fields.push_back(std::move(one));
      row.fields.push_back(
          {field.name.text, type, false, field.type ? cover(field.name.span, field.type->span) : field.name.span, -1});
      info.has_fallback.push_back(field.initial != nullptr);
    }
    made.source = std::move(body);
  }

  typed::ExpressionRef fallback(const Place& place, const ast::Field& field, const Type& type) {
    const Row above = row;
    Expressions expressions(context, place, &above);
    const typed::ExpressionRef value = expressions.check(*field.initial, type);
    if (is_poison(value) || is_error(type)) return nullptr;
    const typed::ExpressionRef fitting = expressions.fit(value, type, true);
    if (fitting != nullptr) return over_raw_fields(fitting);
    context.reporter
        .report(
            diag::DefaultType{.name = field.name.text, .declared = type_text(type), .found = type_text(value->type)})
        .at(value->span, "this is `" + type_text(value->type) + "`")
        .also(cover(field.name.span, field.type->span), "declared here");
    return nullptr;
  }

  void time(const ast::TimeClause& clause, Span span) {
    row.time_clause = span;
    row.has_time = true;
    const std::optional<FieldPath> field = find_path(context, row, clause.field);
    if (clause.within) made.within_us = context.length_of(*clause.within, "disorder").value_or(0);
    if (!field || is_error(field->type)) return;
    const Span declared = row.fields[static_cast<size_t>(field->column)].declared;
    if (is_optional(field->type)) {
      context.reporter.report(diag::TimeFieldOptional{.field = path_text(clause.field)})
          .at(clause.field.span, "may be null")
          .also(declared, "declared here");
    } else if (!is(field->type, TypeKind::timestamp)) {
      context.reporter.report(diag::TimeFieldType{.field = path_text(clause.field), .type = type_text(field->type)})
          .at(clause.field.span, "this is `" + type_text(field->type) + "`")
          .also(declared, "declared here")
          .note("a field may be computed: `at: timestamp = …` reads the fields above it");
    } else if (!field->below.empty()) {
      made.time_path = {field->column};
      made.time_path.insert(made.time_path.end(), field->below.begin(), field->below.end());
    } else {
      row.time_field = field->column;
    }
  }

  void key(const ast::Key& clause, Span span) {
    row.key_clause = span;
    for (const ast::Path& path : clause.fields) {
      const std::optional<FieldPath> field = find_path(context, row, path);
      if (!field || is_error(field->type)) {
        info.key_unknown = true;
        continue;
      }
      const Span declared = row.fields[static_cast<size_t>(field->column)].declared;
      const Type& type = without_optional(field->type);
      if (is(type, TypeKind::list) || is(type, TypeKind::map) || is(type, TypeKind::structure)) {
        context.reporter.report(diag::KeyType{.field = path_text(path), .type = type_text(field->type)})
            .at(path.span, "no single value")
            .also(declared, "declared here");
        info.key_unknown = true;
        continue;
      }
      if (is_optional(field->type) && source.kind == ast::SourceKind::table) {
        context.reporter.report(diag::KeyOptional{.field = path_text(path), .relation = source.name.text})
            .at(path.span, "may be null")
            .also(declared, "declared here");
        info.key_unknown = true;
      }
      row.key.push_back({path_text(path), field->column, field->below, false, {}});
      std::vector<int> whole{field->column};
      whole.insert(whole.end(), field->below.begin(), field->below.end());
      made.key.push_back(std::move(whole));
      if (field->below.empty()) info.key_columns.push_back(field->column);
    }
  }

  void clause(const ast::Clause& clause) {
    const Place place = place_of(*info.declaration);
    std::visit(Overloaded{
                   [&](const ast::Key& node) { key(node, clause.span); },
                   [&](const ast::TimeClause& node) { time(node, clause.span); },
                   [&](const ast::FromConnector& node) {
                     made.source->from = check_connector(context, place, node.connector, false);
                   },
                   [&](const ast::Idle& node) {
                     made.source->idle_us = node.after ? context.length_of(*node.after, "idleness") : std::nullopt;
                     made.source->idle_advances = node.advance;
                   },
                   [&](const ast::Ahead& node) {
                     made.source->ahead_us = context.length_of(node.limit, "`ahead`").value_or(0);
                   },
                   [&](const ast::Rate& node) {
                     if (const auto period = context.length_of(node.period, "`rate`"); period && *period > 0)
                       made.source->rate = {.rows = node.rows.value, .period_us = *period};
                   },
                   [&](const ast::Keys& node) {
                     if (!find_path(context, row, node.field)) return;
                     typed::KeyCount& keys = made.source->keys.emplace_back();
                     keys.count = node.count.value;
                     for (const ast::Name& part : node.field.parts) keys.path.push_back(part.text);
                   },
                   [&](const ast::DeleteWhen& node) {
                     if (node.condition == nullptr) return;
                     Expressions expressions(context, place, &row);
                     const typed::ExpressionRef condition = expressions.condition(*node.condition);
                     if (!is_poison(condition)) made.source->delete_when = condition;
                   },
                   [](const auto&) {},  // contract, access: contracts.cpp
               },
               clause.node);
  }

  void run() {
    fields();
    // A clause that could not be read may be the one that is missed; its braces may have been those of the fields.
    const bool broken = ast::find_clause<ast::ErrorClause>(source.clauses) != nullptr;
    row.open = source.fields.broken || (broken && source.fields.list.empty());
    for (const ast::Clause& one : source.clauses) clause(one);
    row.has_time |= broken;
    if (source.kind == ast::SourceKind::stream || ast::find_clause<ast::Key>(source.clauses) != nullptr) return;
    info.key_unknown = true;
    if (!broken)
      context.reporter.report(diag::TableNeedsKey{.relation = source.name.text})
          .at(source.name.span, "a value per what?")
          .note("a table has one value per key: `key id`");
  }
};

/// The event time inside a struct becomes a computed field behind the others.
void lift_time(typed::Relation& made, Span span) {
  std::string name(1, kOriginalMark);
  const std::vector<Field>* fields = &made.row;
  for (const int index : made.time_path) {
    const Field& field = (*fields)[static_cast<size_t>(index)];
    name += (name.size() > 1 ? "." : "") + field.name;
    fields = &field.type->fields;
  }
  made.source->fields.push_back({.name = name,
                                 .type = timestamp_type(),
                                 .path = {name},
                                 .fallback = over_raw_fields(typed::read_path(made.row, made.time_path, span)),
                                 .documentation = {},
                                 .labels = {},
                                 .span = span});
  made.time_field = static_cast<int>(made.row.size());
  made.row.push_back({std::move(name), timestamp_type()});
}

}  // namespace

void check_source(Context& context, RelationInfo& info, const ast::Source& source) {
  const Declaration& declaration = *info.declaration;
  const CallsOf calls(context, declaration);
  typed::Relation made;
  made.kind = source.kind == ast::SourceKind::stream ? typed::RelationKind::stream : typed::RelationKind::table;
  made.domain = declaration.domain->name;
  made.name = declaration.name.text;
  made.version = declaration.version;
  made.is_public = declaration.item->is_public;
  made.documentation = declaration.item->doc;
  made.span = declaration.name.span;
  SourceChecker{context, info, source, made, info.row}.run();
  info.row.table = source.kind == ast::SourceKind::table;
  info.is_static = info.row.table && !info.row.has_time;
  made.row = info.row.types();
  if (!info.row.fields.empty() && info.row.fields.back().name == typed::kEndsKey) {
    info.row.fields.pop_back();
    info.has_fallback.pop_back();
  }
  made.has_time = info.row.has_time;
  made.time_field = info.row.time_field;
  if (!made.time_path.empty()) lift_time(made, info.row.time_clause);
  check_contract(context, info, source.clauses, made);
  check_access(context, info, source.clauses, made);
  info.id = static_cast<int>(context.project.relations.size());
  context.project.relations.push_back(std::move(made));
}

std::optional<typed::Connector> check_connector(Context& context, const Place& place, const ast::Connector& connector,
                                                bool is_output) {
  static const std::vector<std::string> read_kinds{"file", "topic", "inline", "audit"};
  static const std::vector<std::string> written_kinds{"file", "topic", "inline"};
  static const std::vector<std::string> shown_read_kinds{"file", "topic", "audit"};
  static const std::vector<std::string> shown_written_kinds{"file", "topic"};
  const std::vector<std::string>& kinds = is_output ? written_kinds : read_kinds;
  const std::vector<std::string>& shown_kinds = is_output ? shown_written_kinds : shown_read_kinds;
  static const std::vector<std::string> later_kinds{"http", "postgres", "s3", "generator"};
  static const std::vector<std::string> read_formats{"json", "csv", "avro", "protobuf", "raw", "debezium"};
  static const std::vector<std::string> written_formats{"json", "csv", "avro", "protobuf", "raw"};
  static const std::vector<std::string> later_formats{"debezium", "parquet", "arrow", "text"};
  const std::vector<std::string>& formats = is_output ? written_formats : read_formats;
  auto among = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  typed::Connector made{.kind = connector.name.text,
                        .address = connector.address.value,
                        .format = {},
                        .options = {},
                        .span = connector.span};
  auto refuse = [&](auto entry, const ast::Name& name, const std::vector<std::string>& names, const char* label,
                    const std::string& what) {
    auto report = context.reporter.report(entry);
    report.at(name.span, label);
    std::optional<std::string> meant = closest(name.text, names);
    const std::string other = other_spelling(name.text);
    if (!other.empty() && among(names, other)) meant = other;
    if (meant) report.fix(Applicability::likely, "use `" + *meant + "`", {{name.span, *meant}});
    if (name.text == "time" || name.text.starts_with("time_") || name.text.starts_with("timestamp") ||
        name.text.starts_with("date"))
      report.note(
          "times in a form of their own are read as texts: `written: string from \"at\", "
          "seen_at: timestamp = parse_timestamp(written, \"dd.MM.yyyy HH:mm:ss\", \"Europe/Berlin\")`");
    if (names.empty())
      report.note("there are no " + what);
    else
      report.note(fmt::format("{}: {}", what, fmt::join(names, ", ")));
  };
  if (among(later_kinds, connector.name.text)) {
    context.not_yet(connector.name.span, "the connector `" + connector.name.text + "`",
                    "a `file`, or a `topic` that braid.toml binds to files");
  } else if (!among(kinds, connector.name.text)) {
    refuse(diag::UnknownConnector{.name = connector.name.text}, connector.name, shown_kinds,
           "nothing reads or writes this", "connectors");
  }
  if (connector.format) {
    made.format = connector.format->text;
    if (among(later_formats, made.format) && !among(formats, made.format)) {
      context.not_yet(connector.format->span, "the format `" + made.format + "`",
                      made.format == "debezium"
                          ? "`format json changes as debezium` writes the changes of a table so"
                          : "`json`, `csv`, `avro`, `protobuf` and `raw` are read and written, and `debezium` is read");
    } else if (!among(formats, made.format)) {
      refuse(diag::UnknownFormat{.name = made.format}, *connector.format, formats,
             is_output ? "nothing encodes this" : "nothing decodes this", "formats");
    }
  }
  if (made.kind == "audit" && connector.format && among(formats, made.format) && made.format != "json")
    context.reporter.report(diag::AuditIsJson{.format = made.format})
        .at(connector.format->span, "its events are lines of JSON")
        .note("leave `format` out");
  const std::string_view log = connector.address.value;
  const bool is_name = !log.empty() && log.front() != '.' && std::ranges::all_of(log, [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == '-';
  });
  if (made.kind == "audit" && !is_name && log != "*")
    context.reporter.report(diag::AuditOfNobody{.domain = std::string(log)})
        .at(connector.address.span, "whose log?")
        .note("`from audit \"payments\"` reads the log of `payments`, and `from audit \"*\"` those of all domains");
  auto options = [&](const std::optional<ast::Arguments>& arguments, const std::string& owner,
                     const std::vector<std::string>& known) {
    if (!arguments) return;
    for (const ast::Argument& argument : arguments->list) {
      const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
      if (value == nullptr || *value == nullptr || !argument.name) continue;
      if (!among(known, argument.name->text)) {
        refuse(diag::UnknownOption{.owner = owner, .name = argument.name->text}, *argument.name, known,
               "no such option", "options of `" + owner + "`");
        continue;
      }
      Expressions expressions(context, place, nullptr);
      const typed::ExpressionRef given = expressions.check(**value);
      if (is_poison(given)) continue;
      if (const std::optional<Value> constant = evaluate(given)) {
        made.options.emplace_back(argument.name->text, *constant);
      } else {
        context.reporter.report(diag::NotConstant{.what = "an option"}).at((*value)->span);
      }
    }
  };
  static const std::vector<std::string> csv_options{"null",   "separator", "quote", "decimal",
                                                    "header", "names",     "zone",  "unit"};
  static const std::vector<std::string> json_options{"zone", "unit"};
  static const std::vector<std::string> avro_options{"zone", "unit", "schema"};
  static const std::vector<std::string> protobuf_options{"zone", "unit", "schema", "message"};
  static const std::vector<std::string> debezium_options{"zone", "unit", "encoding"};
  options(connector.options, connector.name.text, {});
  if (connector.format && among(formats, made.format))
    options(connector.format_options, made.format,
            made.format == "csv"        ? csv_options
            : made.format == "avro"     ? avro_options
            : made.format == "protobuf" ? protobuf_options
            : made.format == "raw"      ? std::vector<std::string>()
            : made.format == "debezium" ? debezium_options
                                        : json_options);
  return made;
}

}  // namespace braid::checking
