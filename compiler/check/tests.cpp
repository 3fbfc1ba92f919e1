// `test` items: rows typed against their relations, values known while checking.
#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "compiler/check/flow.h"
#include "compiler/check/foreign_reads.h"
#include "compiler/check/reach.h"
#include "compiler/check/relations.h"
#include "runtime/base/overloaded.h"
#include "runtime/data/time_text.h"
#include "runtime/report/access_findings.h"
#include "runtime/report/change_findings.h"

namespace braid::checking {
namespace {

const std::vector<std::string>& port_fields(std::string_view port) {
  static const std::vector<std::string> alerts{"check", "origin", "row"};
  static const std::vector<std::string> others{"product", "version",    "reason", "code",  "step",
                                               "span",    "expression", "output", "calls", "arguments",
                                               "origin",  "bytes",      "row"};
  return port == "alerts" ? alerts : others;
}

struct TestChecker {
  Context& context;
  Place place;
  typed::Test made;
  bool left_out = false;  ///< reads what is not supported yet, and nobody needs it

  struct Target {
    RelationInfo* info = nullptr;
    std::optional<ast::Name> port;
    std::string purpose = {};
  };
  std::optional<Target> target(const ast::Relation& relation) {
    const Resolved resolved = resolve_relation(context, place, relation);
    if (resolved.declaration == nullptr) return std::nullopt;
    RelationInfo& info = need_relation(context, *resolved.declaration, {});
    if (info.id < 0) left_out = true;
    if (resolved.port) {
      const auto view = context.port_views.find({resolved.declaration, resolved.port->text});
      if (view != context.port_views.end() && view->second.row.table)
        return Target{&view->second, std::nullopt, resolved.purpose};
    }
    return Target{&info, resolved.port, resolved.purpose};
  }

  static bool is_source(const RelationInfo& info) {
    return std::holds_alternative<ast::Source>(info.declaration->item->node);
  }

  /// The service that a statement is about, if it is about one.
  const Declaration* service(const ast::Relation& relation) {
    if (relation.path.parts.size() != 1 || relation.version) return nullptr;
    const Declarations::Found found =
        context.declarations.find(place, NameKind::function, relation.path.parts.front().text);
    const bool is_service =
        found.declaration != nullptr && std::holds_alternative<ast::Service>(found.declaration->item->node);
    return is_service ? found.declaration : nullptr;
  }

  /// Answers are rows of its parameters and of its result.
  void answers(const Declaration& declaration, const ast::Rows& list, Span span) {
    const int id = need_service(context, declaration);
    if (id < 0) {
      left_out = true;
      return;
    }
    RelationInfo info;
    info.declaration = &declaration;
    const typed::Service& service = context.project.services[static_cast<size_t>(id)];
    info.row.relation = service.name;
    info.row.relation_span = service.span;
    for (const auto* fields : {&service.parameters, &service.result})
      for (const Field& field : *fields) info.row.fields.push_back({field.name, field.type, false, service.span});
    info.has_fallback.assign(info.row.fields.size(), false);
    std::vector<typed::TestRow> given = rows(list, info, nullptr, true, nullptr);
    made.statements.push_back({typed::GivenAnswers{id, std::move(given)}, span});
  }

  /// A source that rows are given to; reports what is computed.
  RelationInfo* source(const ast::Relation& relation) {
    const std::optional<Target> found = target(relation);
    if (!found) return nullptr;
    if (is_source(*found->info) && !found->port) return found->info;
    context.reporter.report(diag::GivenComputed{.name = path_text(relation.path)})
        .at(relation.path.span, "made from other rows")
        .also(found->info->declaration->name.span, "declared here")
        .note("`given` is for streams and tables, `expect` for relations computed from them");
    return nullptr;
  }

  std::optional<std::pair<Type, Value>> value(const ast::Expr& written, const Type& wanted, Span declared) {
    Expressions expressions(context, place, nullptr);
    const typed::ExpressionRef given = wanted == nullptr || leaves_out(written)
                                           ? open_value(expressions, written, wanted, declared)
                                           : expressions.check_as(written, wanted, declared);
    if (is_poison(given) || holds_error(given->type)) return std::nullopt;
    if (std::optional<Value> known = evaluate(given)) return std::pair{given->type, std::move(*known)};
    context.reporter.report(diag::NotConstant{.what = "a value of a test"})
        .at(written.span, "not known while checking");
    return std::nullopt;
  }

  static bool is_rest(const ast::Entry& entry) {
    const auto* spread = std::get_if<ast::SpreadEntry>(&entry.node);
    return spread != nullptr && spread->value == nullptr;
  }
  /// A struct with `..`, itself or inside of one.
  static bool leaves_out(const ast::Expr& written) {
    const auto* node = std::get_if<ast::Struct>(&written.node);
    if (node == nullptr) return false;
    return std::any_of(node->entries.begin(), node->entries.end(), [](const ast::Entry& entry) {
      const auto* named = std::get_if<ast::NamedEntry>(&entry.node);
      return is_rest(entry) || (named != nullptr && named->value != nullptr && leaves_out(*named->value));
    });
  }

  /// An entry of a row that is neither `name: value` nor `..`; true: it is reported.
  bool unnamed(const ast::Entry& entry, bool told = false) {
    const auto* plain = std::get_if<ast::PlainEntry>(&entry.node);
    if (std::holds_alternative<ast::NamedEntry>(entry.node) || is_rest(entry)) return false;
    if (plain != nullptr && (plain->value == nullptr || std::holds_alternative<ast::ErrorExpr>(plain->value->node)))
      return true;
    const std::string text(context.text(entry.span));
    const bool name = plain != nullptr && std::holds_alternative<ast::NameExpr>(plain->value->node);
    if (!name && told) return true;
    if (!name) {
      context.reporter.report(diag::EntryNeedsName{})
          .at(entry.span, "of which field?")
          .note("rows of tests are written by names: `{ id: 1, amount: 2.50 }`");
      return true;
    }
    const Span behind{entry.span.file, entry.span.end, entry.span.end};
    context.reporter.report(diag::UnexpectedText{.expected = "`" + text + ": …`", .found = "`" + text + "` alone"})
        .at(entry.span, "a test has no row to take it from")
        .fix(Applicability::sketch, "give it a value", {{behind, ": 0"}});
    return true;
  }

  /// A struct in an expected row that may leave fields out: `row: { id: 2, .. }`. `wanted`: its type, if one is known.
  typed::ExpressionRef open_value(Expressions& expressions, const ast::Expr& written, const Type& wanted = nullptr,
                                  Span declared = {}) {
    const auto* node = std::get_if<ast::Struct>(&written.node);
    const Type type = wanted == nullptr ? nullptr : without_optional(wanted);
    if (node == nullptr || (type != nullptr && (!leaves_out(written) || !is(type, TypeKind::structure))))
      return wanted == nullptr ? expressions.check(written) : expressions.check_as(written, wanted, declared);
    std::vector<Field> fields;
    std::vector<typed::ExpressionRef> values;
    bool rest = false;
    for (const ast::Entry& entry : node->entries) {
      const auto* named = std::get_if<ast::NamedEntry>(&entry.node);
      rest |= is_rest(entry);
      if (unnamed(entry) || named == nullptr || named->value == nullptr) continue;
      const int index = type == nullptr ? -1 : find_field(type->fields, named->name.text);
      if (type != nullptr && index < 0) {
        std::vector<std::string> names;
        for (const Field& field : type->fields) names.push_back(field.name);
        unknown_field(type_text(type), named->name, declared, names);
        return expressions.poison(entry.span);
      }
      const Type inner = type == nullptr ? nullptr : type->fields[static_cast<size_t>(index)].type;
      values.push_back(open_value(expressions, *named->value, inner, declared));
      // Compared as JSON, in which a null is a null, of whatever type.
      if (is(values.back()->type, TypeKind::null))
        values.back() = typed::make(optional_type(bool_type()), named->value->span, typed::Constant{Value{Null{}}});
      fields.push_back({named->name.text, values.back()->type});
    }
    if (rest) {
      fields.push_back({std::string(kOtherFields), optional_type(bool_type())});
      values.push_back(typed::make(fields.back().type, written.span, typed::Constant{Value{Null{}}}));
    }
    return typed::make(struct_type(std::move(fields)), written.span, typed::MakeStruct{std::move(values)});
  }

  void unknown_field(const std::string& relation, const ast::Name& name, Span declared,
                     const std::vector<std::string>& names) {
    auto report = context.reporter.report(diag::UnknownField{.relation = relation, .field = name.text});
    report.at(name.span, "no such field");
    if (!declared.empty()) report.also(declared, "declared here");
    if (const auto meant = closest(name.text, names))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{name.span, *meant}});
  }

  /// Rows of a relation, or of a port that has rows of these fields.
  std::vector<typed::TestRow> rows(const ast::Rows& list, const RelationInfo& info, const std::vector<Field>* port_row,
                                   bool complete, bool* open) {
    std::vector<typed::TestRow> result;
    for (const ast::Row& row : list.list) {
      if (!row.fields) {
        if (open != nullptr) *open = true;
        continue;
      }
      typed::TestRow one;
      one.span = row.span;
      std::vector<std::string> seen;
      bool by_place = false;
      for (const ast::Entry& entry : row.fields->entries) {
        const auto* named = std::get_if<ast::NamedEntry>(&entry.node);
        if (named == nullptr) {
          // A row by places is one mistake.
          if (unnamed(entry, std::exchange(by_place, by_place || !is_rest(entry))) || is_rest(entry)) one.open = true;
          continue;
        }
        if (named->value == nullptr) continue;
        if (std::find(seen.begin(), seen.end(), named->name.text) != seen.end()) {
          context.reporter.report(diag::DuplicateField{.field = named->name.text}).at(named->name.span, "named again");
          continue;
        }
        seen.push_back(named->name.text);
        if (port_row != nullptr) {
          const int index = find_field(*port_row, named->name.text);
          if (index < 0) {
            std::vector<std::string> names;
            for (const Field& field : *port_row) names.push_back(field.name);
            unknown_field(info.declaration->name.text, named->name, {}, names);
            continue;
          }
          if (auto known = value(*named->value, (*port_row)[static_cast<size_t>(index)].type, {})) {
            one.named.emplace_back(named->name.text, std::move(known->second));
            one.named_types.push_back(known->first);
          }
          continue;
        }
        const int index = info.row.find(named->name.text);
        if (index < 0) {
          std::vector<std::string> names;
          for (const RowField& field : info.row.fields) names.push_back(field.name);
          if (!info.row.open) unknown_field(info.row.relation, named->name, info.row.relation_span, names);
          continue;
        }
        const RowField& field = info.row.fields[static_cast<size_t>(index)];
        if (is_error(field.type)) continue;
        const auto known = value(*named->value, field.type, field.declared);
        if (!known) continue;
        if (leaves_out(*named->value)) {
          one.named.emplace_back(named->name.text, known->second);
          one.named_types.push_back(known->first);
        } else {
          one.fields.emplace_back(index, known->second);
        }
      }
      if (complete && !one.open && !info.row.open) {
        for (size_t i = 0; i < info.row.fields.size(); ++i) {
          const RowField& field = info.row.fields[i];
          const bool given = std::find(seen.begin(), seen.end(), field.name) != seen.end();
          if (given || is_optional(field.type) || is_error(field.type) || info.has_fallback[i]) continue;
          context.reporter.report(diag::GivenFieldMissing{.relation = info.row.relation, .field = field.name})
              .at(row.span, "`" + field.name + "` is missing")
              .also(field.declared, "declared here");
          break;
        }
      }
      result.push_back(std::move(one));
    }
    return result;
  }

  /// Rows of a standing port: reasons and origins, not the relation's fields.
  std::vector<typed::TestRow> standing_rows(const ast::Rows& list, const std::string& relation, const ast::Name& port,
                                            bool* open) {
    std::vector<typed::TestRow> result;
    for (const ast::Row& row : list.list) {
      if (!row.fields) {
        *open = true;
        continue;
      }
      typed::TestRow one;
      one.span = row.span;
      for (const ast::Entry& entry : row.fields->entries) {
        const auto* named = std::get_if<ast::NamedEntry>(&entry.node);
        if (named == nullptr) {
          one.open |= unnamed(entry) || is_rest(entry);
          continue;
        }
        if (named->value == nullptr) continue;
        const std::vector<std::string>& names = port_fields(port.text);
        if (std::find(names.begin(), names.end(), named->name.text) == names.end()) {
          unknown_field(relation + "." + port.text, named->name, {}, names);
          continue;
        }
        if (auto known = value(*named->value, nullptr, {})) {
          one.named.emplace_back(named->name.text, std::move(known->second));
          one.named_types.push_back(known->first);
        }
      }
      result.push_back(std::move(one));
    }
    return result;
  }

  std::optional<int64_t> instant(const ast::Time& written) {
    int64_t made_one = 0;
    if (written.kind == ast::TimeKind::instant && parse_timestamp_literal(written.text, &made_one)) return made_one;
    context.reporter
        .report(
            diag::TypeMismatch{.expected = "timestamp", .found = written.kind == ast::TimeKind::date ? "date" : "time"})
        .at(written.span, "an instant: `@2026-01-01T00:00Z`");
    return std::nullopt;
  }

  /// The instant as of which a table is looked at.
  std::optional<int64_t> expected_at(const ast::Time& written, const ast::Relation& relation, const Target& of) {
    const std::optional<int64_t> at = instant(written);
    if (!at || of.info->id < 0 || of.info->row.open) return at;
    if (of.port || !of.info->row.table) {
      auto report = context.reporter.report(diag::ExpectAtOfStream{.relation = path_text(relation.path)});
      report.at(written.span, "rows of a stream do not end");
      report.note("an `expect` between the other statements sees what is out so far");
    }
    return at;
  }

  /// What the record that deletes needs: the key, and the time.
  void delete_rows(const ast::DeleteRows& node, Span span) {
    RelationInfo* info = source(node.relation);
    if (info == nullptr) return;
    if (!info->row.table) {
      context.reporter.report(diag::DeleteOfStream{.relation = path_text(node.relation.path)})
          .at(node.relation.path.span, "its rows are events, which stay")
          .also(info->declaration->name.span, "declared here")
          .note("rows of a `table` can go");
      return;
    }
    std::vector<typed::TestRow> keys = rows(node.rows, *info, nullptr, false, nullptr);
    std::set<int> needed;
    for (const KeyPart& part : info->row.key)
      if (part.column >= 0) needed.insert(part.column);
    if (info->row.time_field >= 0) needed.insert(info->row.time_field);
    if (info->id >= 0) {
      const typed::Relation& table = context.project.relations[static_cast<size_t>(info->id)];
      if (!table.time_path.empty()) needed.insert(table.time_path.front());
    }
    for (const typed::TestRow& row : keys)
      for (const int column : needed) {
        const auto index = static_cast<size_t>(column);
        const bool given =
            std::any_of(row.fields.begin(), row.fields.end(), [&](const auto& field) { return field.first == column; });
        if (given || info->has_fallback[index] || is_error(info->row.fields[index].type)) continue;
        context.reporter
            .report(diag::DeleteNeedsField{.relation = info->row.relation, .field = info->row.fields[index].name})
            .at(row.span, "`" + info->row.fields[index].name + "` is missing")
            .also(info->row.fields[index].declared, "declared here")
            .note("the key says which row goes, and the time from when on");
        break;
      }
    made.statements.push_back({typed::DeleteStatement{info->id, std::move(keys)}, span});
  }

  /// Of another domain's product a test sees what its own domain sees. False: nothing, which is reported.
  bool as_domain(Target& looked_at, const ast::Relation& relation) {
    const Declaration& declaration = *looked_at.info->declaration;
    if (is_source(*looked_at.info) || declaration.domain == place.domain) return true;
    const std::string& purpose = looked_at.purpose;
    if (looked_at.port)
      return may_read_port(context, declaration, *looked_at.port, *place.domain, purpose, relation.span);
    if (looked_at.info != &context.relations[static_cast<size_t>(declaration.index)])
      return may_read_port(context, declaration, relation.path.parts.back(), *place.domain, purpose, relation.span);
    looked_at.info = &read_from_domain(context, *looked_at.info, *place.domain, purpose, relation.span);
    return true;
  }

  /// What the reader sees of it, which a test `as` one looks at. False: its port, which is reported.
  bool as_reader(Target& looked_at, const ast::Relation& relation) {
    if (is_source(*looked_at.info)) return true;
    const access::Subject subject = access::subject_of(*made.reader, made.purpose);
    const bool port =
        looked_at.port || looked_at.info != &context.relations[static_cast<size_t>(looked_at.info->declaration->index)];
    if (!port) {
      looked_at.info = &seen_by(context, *looked_at.info, subject);
      return true;
    }
    context.reporter
        .report(diag::PortAsReader{.relation = looked_at.info->declaration->name.text,
                                   .port = relation.path.parts.back().text,
                                   .reader = typed::principal_text(*made.reader)})
        .at(relation.path.span, "ports are for the domain of the product alone")
        .note("a test without `as` looks at them");
    return false;
  }

  void expect(const ast::Expect& node, Span span) {
    std::optional<Target> found = target(node.relation);
    if (!found) return;
    if (found->port && found->port->text == "changes" && !is_source(*found->info)) {
      RelationInfo* view =
          FlowChecker::looked_at(context, *found->info->declaration, *found->port, node.relation.path.span);
      if (view == nullptr) {
        left_out = true;
        return;
      }
      found = Target{view, std::nullopt};
    }
    if (!(made.reader ? as_reader(*found, node.relation) : as_domain(*found, node.relation))) return;
    RelationInfo& info = *found->info;
    if (is_source(info)) {
      context.reporter.report(diag::ExpectInput{.name = path_text(node.relation.path)})
          .at(node.relation.path.span, "given, not made")
          .also(info.declaration->name.span, "declared here");
      return;
    }
    typed::ExpectStatement made_one{.relation = info.id, .port = {}, .rows = {}, .open = false};
    if (node.at) made_one.at_us = expected_at(*node.at, node.relation, *found);
    if (!found->port) {
      made_one.rows = rows(node.rows, info, nullptr, false, &made_one.open);
    } else {
      const ast::Name& port = *found->port;
      made_one.port = port.text;
      const auto named = info.ports.find(port.text);
      if (info.open_ports.contains(port.text)) {
        left_out = true;
      } else if (named != info.ports.end()) {
        made_one.rows = rows(node.rows, info, &named->second, false, &made_one.open);
      } else if (is_standing_port(port.text)) {
        made_one.rows = standing_rows(node.rows, info.declaration->name.text, port, &made_one.open);
      } else if (!info.row.open) {
        std::vector<std::string> names{"rejected", "late", "unmatched", "alerts"};
        for (const auto& [name, row] : info.ports) names.push_back(name);
        auto report =
            context.reporter.report(diag::UnknownPort{.relation = info.declaration->name.text, .port = port.text});
        report.at(port.span, "no such port");
        if (const auto meant = closest(port.text, names))
          report.fix(Applicability::likely, "use `" + *meant + "`", {{port.span, *meant}});
      }
    }
    made.statements.push_back({std::move(made_one), span});
  }

  void set_param(const ast::SetParam& node) {
    const Declarations::Found found = context.declarations.find(place, NameKind::param, node.name.text);
    if (found.silent) return;
    if (found.declaration == nullptr) {
      auto report = context.reporter.report(diag::UnknownParam{.name = node.name.text});
      report.at(node.name.span, "no such param");
      if (const auto meant = closest(node.name.text, context.declarations.names(place, NameKind::param)))
        report.fix(Applicability::likely, "use `" + *meant + "`", {{node.name.span, *meant}});
      return;
    }
    const auto known = context.params.find(found.declaration);
    if (known == context.params.end() || is_error(known->second.type) || node.value == nullptr) return;
    if (auto given = value(*node.value, known->second.type, found.declaration->name.span))
      made.parameters.emplace_back(node.name.text, std::move(given->second));
  }

  void raw(const ast::GivenRaw& node, Span span) {
    RelationInfo* info = source(node.relation);
    if (node.records == nullptr || info == nullptr) return;
    const auto known = value(*node.records, list_type(string_type()), {});
    if (!known) return;
    typed::GivenStatement one{.relation = info->id, .rows = {}, .file = {}, .raw = {}};
    for (const Value& record : known->second.items()) one.raw.push_back(record.text());
    made.statements.push_back({std::move(one), span});
  }

  void advance(const ast::Advance& node, Span span) {
    RelationInfo* info = source(node.relation);
    if (info == nullptr) return;
    if (const std::optional<int64_t> to = instant(node.to))
      made.statements.push_back({typed::AdvanceStatement{info->id, *to}, span});
  }

  void step(const ast::TestStep& step) {
    const Span span = step.span;
    std::visit(
        Overloaded{
            [&](const ast::SetParam& node) { set_param(node); },
            [&](const ast::GivenFile& node) {
              if (RelationInfo* info = source(node.relation))
                made.statements.push_back({typed::GivenStatement{info->id, {}, node.path.value, {}}, span});
            },
            [&](const ast::GivenRaw& node) { raw(node, span); },
            [&](const ast::GivenRows& node) {
              if (const Declaration* asked = service(node.relation)) return answers(*asked, node.rows, span);
              if (RelationInfo* info = source(node.relation))
                made.statements.push_back(
                    {typed::GivenStatement{info->id, rows(node.rows, *info, nullptr, true, nullptr), {}, {}}, span});
            },
            [&](const ast::DeleteRows& node) { delete_rows(node, span); },
            [&](const ast::Advance& node) { advance(node, span); },
            [&](const ast::FallSilent& node) {
              if (const Declaration* asked = service(node.relation)) {
                const int id = need_service(context, *asked);
                left_out |= id < 0;
                if (id >= 0) made.statements.push_back({typed::SilentService{id}, span});
                return;
              }
              if (RelationInfo* info = source(node.relation))
                made.statements.push_back({typed::IdleStatement{info->id}, span});
            },
            [&](const ast::Wait& node) {
              if (const auto length = context.length_of(node.duration, "`wait`"))
                made.statements.push_back({typed::WaitStatement{*length}, span});
            },
            [&](const ast::Restart&) { made.statements.push_back({typed::RestartStatement{}, span}); },
            [&](const ast::Expect& node) { expect(node, span); },
            [](const ast::ErrorTestStep&) {},
        },
        step.node);
  }
};

}  // namespace

void check_tests(Context& context, bool of_run) {
  for (const Declaration* declaration : context.declarations.all()) {
    if (is_of_run(context, *declaration) != of_run) continue;
    const auto* test = std::get_if<ast::Test>(&declaration->item->node);
    if (test == nullptr) continue;
    TestChecker checker{context, place_of(*declaration), {}, false};
    checker.made.name = test->name.value;
    checker.made.domain = declaration->domain->name;
    checker.made.in_order = test->in_order;
    checker.made.span = test->name.span;
    if (test->reader) checker.made.reader = principal_of(*test->reader);
    if (!test->purposes.empty()) checker.made.purpose = test->purposes.front().text;
    bool expects = false;
    for (const ast::TestStep& step : test->steps) {
      expects |=
          std::holds_alternative<ast::Expect>(step.node) || std::holds_alternative<ast::ErrorTestStep>(step.node);
      checker.step(step);
    }
    if (!expects)
      context.reporter.report(diag::TestWithoutExpect{})
          .at(test->name.span, "nothing here is looked at")
          .note("`expect product [ … ]` states the rows that it must give");
    if (!checker.left_out) context.project.tests.push_back(std::move(checker.made));
  }
}

}  // namespace braid::checking
