#include "compiler/plan/lower_source.h"

#include <algorithm>

#include <set>

#include "compiler/plan/passthrough.h"
#include "compiler/plan/watched_promises.h"
#include "runtime/base/check.h"

namespace braid::plan {

using typed::ExpressionRef;

namespace {

class FromLowering {
 public:
  FromLowering(const Node& node, const SourceNode& source, const typed::Project& project, std::vector<Site>& sites)
      : node_(node), source_(source), project_(project), relation_(project.relations[source.relation]), sites_(sites) {}

  FromKernel run(bool prune) {
    std::set<int> needed(source_.fields.begin(), source_.fields.end());
    std::erase_if(needed, [](int field) { return field < 0; });
    if (!prune)
      for (size_t i = 0; i < relation_.row.size(); ++i) needed.insert(static_cast<int>(i));
    if (relation_.source->delete_when)
      for (const int field : typed::columns_read(relation_.source->delete_when)) needed.insert(field);
    // A fallback reads fields above its own: going down from the last one meets them all.
    for (int field = static_cast<int>(relation_.row.size()) - 1; field >= 0; --field)
      if (const ExpressionRef& fallback = declared(field).fallback; fallback && needed.count(field))
        for (const int above : typed::columns_read(fallback)) needed.insert(above);

    FromKernel made;
    made.kernel.name = "from_" + relation_.name;
    position_.assign(relation_.row.size(), -1);
    for (const int field : needed) {
      const typed::SourceField& source_field = declared(field);
      position_[field] = static_cast<int>(made.spec.decode.size());
      made.spec.decode.push_back({.name = source_field.name,
                                  .path = source_field.path,
                                  .type = source_field.type,
                                  .has_fallback = source_field.fallback != nullptr});
      made.kernel.input.push_back({source_field.name, checked_type(raw_type(field))});
    }

    const int arrival = how_it_came(SourceNode::kArrival, made), headers = how_it_came(SourceNode::kHeaders, made);
    made.spec.has_arrival = arrival >= 0;
    made.spec.has_headers = headers >= 0;

    RowStep step{.kind = RowStep::Kind::project};
    step.row = node_.row;
    for (size_t i = 0; i < source_.fields.size(); ++i) {
      const int field = source_.fields[i];
      if (field == SourceNode::kArrival || field == SourceNode::kHeaders) {
        const int place = field == SourceNode::kArrival ? arrival : headers;
        step.columns.push_back(typed::make(node_.row[i].type, node_.span, typed::ColumnRead{place}));
        continue;
      }
      if (field == SourceNode::kDeletes) {
        made.spec.deleted_field = static_cast<int>(i);
        step.columns.push_back(deletes());
        continue;
      }
      const bool settled = !is(node_.row[i].type, TypeKind::checked);
      step.columns.push_back(settled ? unless_deleted(field, value(field)) : raw(field));
      if (field == relation_.time_field) made.spec.time_field = static_cast<int>(i);
    }
    for (const Field& field : node_.row) step.outputs.push_back(is_hidden(field) ? "" : field.name);
    made.spec.sites = {site("", "", node_.span)};
    step.failure_site = made.spec.sites.front();
    for (const int field : needed)
      step.field_sites.push_back(site(declared(field).name, to_string(declared(field).type), declared(field).span));
    made.kernel.steps.push_back(std::move(step));

    made.spec.name = relation_.qualified();
    made.spec.version = relation_.version;
    made.spec.is_table = relation_.kind == typed::RelationKind::table;
    made.spec.has_time = relation_.has_time;
    made.spec.is_followed = relation_.followed;
    made.spec.row = made.kernel.steps.back().row;
    for (const std::vector<int>& path : relation_.key) {
      const auto found = std::find(source_.fields.begin(), source_.fields.end(), path.front());
      if (found != source_.fields.end()) made.spec.key.push_back(static_cast<int>(found - source_.fields.begin()));
    }
    if (made.spec.key.size() != relation_.key.size()) made.spec.key.clear();
    made.spec.within_us = relation_.within_us;
    made.spec.ahead_us = relation_.source->ahead_us;
    made.spec.idle_us = relation_.source->idle_us;
    made.spec.idle_advances = relation_.source->idle_advances;
    made.spec.span = relation_.span;
    made.spec.promises = promises();
    return made;
  }

 private:
  /// Of the fields that are read.
  std::vector<PromiseSpec> promises() const {
    std::vector<PromiseSpec> watched = watched_promises(project_, source_.relation);
    for (PromiseSpec& promise : watched)
      for (std::vector<int>& path : promise.fields) {
        const auto found = std::find(source_.fields.begin(), source_.fields.end(), path.front());
        BRAID_CHECK(found != source_.fields.end(), "a field that is watched was dropped");
        path.front() = static_cast<int>(found - source_.fields.begin());
      }
    return watched;
  }
  /// The place of such a column behind what is decoded; −1: nobody reads it.
  int how_it_came(int column, FromKernel& made) const {
    const auto found = std::find(source_.fields.begin(), source_.fields.end(), column);
    if (found == source_.fields.end()) return -1;
    const Field& field = node_.row[static_cast<size_t>(found - source_.fields.begin())];
    made.kernel.input.push_back({"", field.type});
    return static_cast<int>(made.kernel.input.size()) - 1;
  }
  const typed::SourceField& declared(int field) const { return relation_.source->fields[field]; }
  Type raw_type(int field) const {
    return declared(field).fallback ? optional_type(declared(field).type) : declared(field).type;
  }
  ExpressionRef raw(int field) const {
    return typed::make(checked_type(raw_type(field)), declared(field).span, typed::ColumnRead{position_[field]});
  }

  /// The field's value: converted, or its fallback where it is absent or null.
  ExpressionRef value(int field, typed::Conversion reading = typed::Conversion::checked_read) {
    const typed::SourceField& source_field = declared(field);
    ExpressionRef read = typed::make(raw_type(field), source_field.span, typed::Convert{reading, raw(field)});
    if (!source_field.fallback) return read;
    ExpressionRef otherwise = over_values(source_field.fallback);
    const int slot = next_slot_++;
    ExpressionRef local = typed::make(read->type, source_field.span, typed::LocalRead{slot});
    ExpressionRef absent = typed::make(bool_type(), source_field.span, typed::IsNull{local});
    ExpressionRef present =
        is_optional(source_field.type)
            ? local
            : typed::make(source_field.type, source_field.span, typed::Convert{typed::Conversion::unwrap, local});
    ExpressionRef choice = typed::make(source_field.type, source_field.span, typed::Choose{absent, otherwise, present});
    return typed::make(source_field.type, source_field.span, typed::Bind{slot, read, choice});
  }

  /// Whether the record deletes its key. Of records without a value that is known without the kernel.
  ExpressionRef deletes() {
    if (relation_.source->delete_when) return over_values(relation_.source->delete_when);
    return typed::make(bool_type(), node_.span, typed::Constant{Value{false}});
  }

  /// A record that deletes its key needs no more than key and time.
  ExpressionRef unless_deleted(int field, ExpressionRef read) {
    bool needed = !relation_.source->delete_when || field == relation_.time_field;
    for (const auto& path : relation_.key) needed |= path.front() == field;
    for (const int asked :
         relation_.source->delete_when ? typed::columns_read(relation_.source->delete_when) : std::vector<int>{})
      needed |= asked == field;
    if (needed) return read;
    ExpressionRef nothing = typed::make(read->type, read->span, typed::Constant{typed::zero_value(read->type)});
    return typed::make(read->type, read->span,
                       typed::Choose{over_values(relation_.source->delete_when), nothing, read});
  }
  /// An expression over the declared fields, over what was decoded.
  ExpressionRef over_values(const ExpressionRef& expression) {
    const int shift = next_slot_;
    ExpressionRef shifted = typed::shift_locals(expression, shift);
    next_slot_ = std::max(next_slot_, typed::highest_local(shifted) + 1);
    return replaced(shifted);
  }
  ExpressionRef replaced(const ExpressionRef& expression) {
    if (const auto* convert = std::get_if<typed::Convert>(&expression->node);
        convert && (convert->conversion == typed::Conversion::checked_read ||
                    convert->conversion == typed::Conversion::tried_read))
      if (const auto* raw_column = std::get_if<typed::ColumnRead>(&convert->operand->node))
        return value(raw_column->index, convert->conversion);
    if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node)) return value(column->index);
    std::vector<ExpressionRef> parts = typed::parts(*expression);
    if (parts.empty()) return expression;
    for (ExpressionRef& part : parts) part = replaced(part);
    return typed::with_parts(*expression, std::move(parts));
  }

  uint32_t site(std::string field, std::string expected, Span span) {
    sites_.push_back({.kind = Site::Kind::rejected,
                      .step = node_.text,
                      .span = span,
                      .field = std::move(field),
                      .expected = std::move(expected)});
    return static_cast<uint32_t>(sites_.size()) - 1;
  }

  const Node& node_;
  const SourceNode& source_;
  const typed::Project& project_;
  const typed::Relation& relation_;
  std::vector<Site>& sites_;
  std::vector<int> position_;
  int next_slot_ = 0;
};

}  // namespace

FromKernel lower_source(const Node& node, const SourceNode& source, const typed::Project& project, bool prune,
                        std::vector<Site>& sites) {
  if (sites.empty()) sites.emplace_back();  // 0 stands for none
  return FromLowering(node, source, project, sites).run(prune);
}

}  // namespace braid::plan
