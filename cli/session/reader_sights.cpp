#include "cli/session/reader_sights.h"

#include <algorithm>

#include "cli/session/role_grants.h"
#include "compiler/access/read_plan.h"
#include "compiler/interpret/interpret.h"
#include "runtime/data/key_bytes.h"

namespace braid::cli {
namespace {

/// Steps over rows of one type, for the rows of one read.
class StepsEye : public serve::SeenRows::Eye {
 public:
  StepsEye(const std::vector<typed::Step>& steps, const std::vector<Field>& row) {
    for (const typed::Step& step : steps) {
      Stage stage;
      if (const auto* where = std::get_if<typed::WhereStep>(&step.content)) {
        stage.condition = std::make_unique<interpret::Evaluator>(*where->condition, row, sites_);
      } else if (const auto* project = std::get_if<typed::ProjectStep>(&step.content)) {
        size_t leaf = 0;
        for (size_t i = 0; i < project->columns.size(); ++i) {
          const typed::ExpressionRef& column = project->columns[i];
          const auto* plain = std::get_if<typed::ColumnRead>(&column->node);
          if (plain == nullptr || plain->index != static_cast<int>(i))
            stage.columns.push_back({leaf, std::make_unique<interpret::Evaluator>(*column, row, sites_)});
          leaf += leaf_count(row[i].type);
        }
        stage.made.resize(leaf);
      }
      stages_.push_back(std::move(stage));
    }
    caches_.resize(sites_.count() + 1, nullptr);
    call_.arena = &arena_;
    call_.caches = caches_.data();
  }
  ~StepsEye() override {
    for (size_t i = 0; i < sites_.count(); ++i)
      if (caches_[i] != nullptr && sites_.free_functions()[i] != nullptr) sites_.free_functions()[i](caches_[i]);
  }

  /// Conditions and masks do not fail. If one did, the row would not be there.
  const Slot* see(const Slot* slots, int64_t time) override {
    arena_.reset();
    const interpret::RowContext context{&call_, time, nullptr};
    for (Stage& stage : stages_) {
      if (stage.condition) {
        Slot holds{};
        if (stage.condition->evaluate(slots, context, &holds).code != 0 || holds.u8 == 0) return nullptr;
        continue;
      }
      std::copy_n(slots, stage.made.size(), stage.made.data());
      for (Column& column : stage.columns)
        if (column.value->evaluate(slots, context, stage.made.data() + column.leaf).code != 0) return nullptr;
      slots = stage.made.data();
    }
    return slots;
  }

 private:
  struct Column {
    size_t leaf;
    std::unique_ptr<interpret::Evaluator> value;
  };
  struct Stage {
    std::unique_ptr<interpret::Evaluator> condition;  ///< null: it masks
    std::vector<Column> columns;
    std::vector<Slot> made;
  };
  typed::CallSites sites_;
  std::vector<Stage> stages_;
  std::vector<void*> caches_;
  Arena arena_;
  CallContext call_;
};

class PlannedRows : public serve::SeenRows {
 public:
  /// `holder`: whose positions these are.
  PlannedRows(std::shared_ptr<const typed::Relation> relation, const access::ReadPlan& plan, uint64_t form,
              std::shared_ptr<const serve::Seal> seal, std::string holder)
      : relation_(std::move(relation)),
        steps_(access::read_steps(*relation_, plan)),
        form_(form),
        seal_(std::move(seal)),
        holder_(std::move(holder)) {
    for (const typed::MaskRule* mask : plan.masks) masked_.push_back(mask->field);
  }

  std::unique_ptr<Eye> begin() const override { return std::make_unique<StepsEye>(steps_, relation_->row); }
  const std::vector<std::vector<int>>& masked() const override { return masked_; }
  uint64_t form() const override { return form_; }
  std::string seal(std::string_view position) const override { return seal_->seal(position, holder_); }
  std::optional<std::string> unseal(std::string_view sealed) const override { return seal_->unseal(sealed, holder_); }

 private:
  std::shared_ptr<const typed::Relation> relation_;
  std::vector<typed::Step> steps_;
  std::vector<std::vector<int>> masked_;
  uint64_t form_;
  std::shared_ptr<const serve::Seal> seal_;
  std::string holder_;
};

/// Of the rules that hold for the subject: the same as long as they do.
uint64_t form_of(const typed::Relation& relation, const access::Subject& subject) {
  std::string text = access::subject_text(subject);
  for (const typed::AllowRule& rule : relation.access.allows)
    for (const typed::Principal& reader : rule.readers)
      if (access::names(reader, subject))
        text += fmt::format("\n{} {}:{} {}", typed::principal_text(reader), rule.span.file, rule.span.begin,
                            rule.until_us.value_or(0));
  return key_hash(text);
}

}  // namespace

ReaderSights::ReaderSights(const std::vector<const typed::Relation*>& relations, Clock& clock)
    : clock_(clock), grants_(std::make_shared<const std::vector<mesh::AccessEntry>>()) {
  for (const typed::Relation* relation : relations) {
    typed::Relation made{};
    made.kind = relation->kind;
    made.domain = relation->domain;
    made.name = relation->name;
    made.version = relation->version;
    made.row = relation->row;
    made.access = relation->access;
    made.span = relation->span;
    relations_.push_back(std::make_shared<const typed::Relation>(std::move(made)));
  }
}

void ReaderSights::set_grants(std::optional<std::vector<mesh::AccessEntry>> grants) {
  const std::lock_guard lock(mutex_);
  const int64_t now = clock_.steady_us();
  if (!grants) {
    if (now - granted_at_ > kGrantsHoldUs) grants_ = std::make_shared<const std::vector<mesh::AccessEntry>>();
    return;
  }
  granted_at_ = now;
  grants_ = std::make_shared<const std::vector<mesh::AccessEntry>>(*std::move(grants));
}

std::optional<serve::Sight> ReaderSights::sight(size_t view, const serve::Consumer& consumer) {
  if (view >= relations_.size()) return std::nullopt;
  if (consumer.is_owner) return serve::Sight();
  std::shared_ptr<const typed::Relation> relation = relations_[view];
  const access::Subject subject{
      .domain = consumer.domain, .roles = consumer.roles, .user = consumer.user, .purpose = consumer.purpose};
  Grants grants;
  {
    const std::lock_guard lock(mutex_);
    grants = grants_;
  }
  if (!grants->empty()) {
    typed::Relation granted = *relation;
    add_role_grants(*grants, subject, granted);
    relation = std::make_shared<const typed::Relation>(std::move(granted));
  }
  const access::ReadPlan plan = access::read_plan(*relation, subject, clock_.now_us());
  if (plan.refused) return std::nullopt;
  if (plan.whole()) return serve::Sight();
  const uint64_t form = form_of(*relation, subject);
  return serve::Sight{.rows = std::make_shared<const PlannedRows>(relation, plan, form, seal_,
                                                                  fmt::format("{} {}", view, consumer.key))};
}

}  // namespace braid::cli
