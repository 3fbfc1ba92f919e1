#include "cli/session/samples.h"

#include <algorithm>

#include "cli/session/broker.h"
#include "cli/session/mesh_registry.h"
#include "cli/session/registry.h"
#include "cli/session/services.h"
#include "cli/session/topics.h"
#include "compiler/access/read_plan.h"
#include "runtime/base/executor.h"
#include "runtime/base/fs.h"
#include "runtime/codec/encoder.h"
#include "runtime/data/row_change.h"
#include "runtime/engine/dry_run.h"

namespace braid::cli {
namespace {

/// Of a table; more keys than these are not followed.
constexpr size_t kKeysFollowed = 10'000;

/// The first rows of each product, encoded; of a table the rows that stand.
class Collector : public OutputWriter {
 public:
  Collector(const Program& program, int64_t rows) : program_(program), rows_(rows), kept_(program.products.size()) {
    for (const ProductSpec& product : program.products) encoders_.push_back(make_encoder(Format::ndjson, product.row));
  }

  void write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) override {
    if (!port.empty()) return;
    const ProductSpec& spec = program_.products[static_cast<size_t>(product)];
    const size_t leaves = flatten(row).size();
    for (uint32_t r = 0; r < block.rows; ++r) {
      if (spec.changes)
        change(product, key_of(spec, block, r),
               row_change(block, leaves, r) == RowChange::goes ? "" : text(product, block, r));
      else if (kept(product).size() < static_cast<size_t>(rows_))
        kept(product).emplace_back("", text(product, block, r));
    }
  }

  /// No row that comes can be one of those.
  bool done() const {
    for (size_t i = 0; i < kept_.size(); ++i)
      if (program_.products[i].changes || kept_[i].size() < static_cast<size_t>(rows_)) return false;
    return true;
  }

  std::string text_of(size_t product) const {
    std::string text;
    int64_t left = rows_;
    for (const auto& [key, row] : kept_[product])
      if (!row.empty() && left-- > 0) text += row;
    return text;
  }

 private:
  using Rows = std::vector<std::pair<std::string, std::string>>;
  Rows& kept(int product) { return kept_[static_cast<size_t>(product)]; }

  std::string text(int product, const Block& block, uint32_t r) {
    std::string made;
    encoders_[static_cast<size_t>(product)]->append_row(block, r, made);
    return made;
  }

  void change(int product, const std::string& key, std::string row) {
    Rows& rows = kept(product);
    const auto known = std::ranges::find(rows, key, &std::pair<std::string, std::string>::first);
    if (known != rows.end())
      known->second = std::move(row);
    else if (rows.size() < kKeysFollowed)
      rows.emplace_back(key, std::move(row));
  }

  static std::string key_of(const ProductSpec& product, const Block& block, uint32_t r) {
    std::vector<Slot> slots(block.columns.size());
    for (size_t leaf = 0; leaf < slots.size(); ++leaf) slots[leaf] = read_slot(block.columns[leaf], r);
    std::vector<Value> values;
    size_t at = 0;
    for (const Field& field : product.row) {
      values.push_back(from_slots(field.type, slots.data() + at));
      at += leaf_count(field.type);
    }
    std::string key;
    for (const std::vector<int>& path : product.key) {
      Type type = product.row[static_cast<size_t>(path.front())].type;
      Value value = values[static_cast<size_t>(path.front())];
      for (size_t i = 1; i < path.size() && !value.is_null(); ++i) {
        type = without_optional(type)->fields[static_cast<size_t>(path[i])].type;
        value = Value(value.items()[static_cast<size_t>(path[i])]);
      }
      key += (value.is_null() ? "null" : to_literal(without_optional(type), value)) + "\n";
    }
    return key;
  }

  const Program& program_;
  const int64_t rows_;
  std::vector<Rows> kept_;  ///< by product; of a table by key, empty where it has no row now
  std::vector<std::unique_ptr<Encoder>> encoders_;
};

/// The project, and its products that anybody may see something of, each put out as for nobody in particular.
std::vector<typed::RelationId> for_everybody(const Session& session, typed::Project& project, Samples& samples) {
  std::vector<typed::RelationId> products;
  for (size_t id = 0; id < project.relations.size(); ++id) {
    typed::Relation& relation = project.relations[id];
    if (relation.kind != typed::RelationKind::product || relation.output_of >= 0 ||
        session.foreign_products().is_foreign(relation.span.file))
      continue;
    const access::ReadPlan plan = access::plan_for_nobody(relation);
    if (plan.refused) {
      samples.left_out.push_back({fmt::format("samples of {} version {}", relation.qualified(), relation.version),
                                  "every row is granted to somebody, and none to all"});
      continue;
    }
    relation.outlet = access::read_steps(relation, plan);
    products.push_back(static_cast<typed::RelationId>(id));
  }
  return products;
}

}  // namespace

bool take_samples(Session& session, int64_t rows, Samples& samples) {
  Reporter& reporter = session.reporter();
  typed::Project project = session.project();
  const std::vector<typed::RelationId> products = for_everybody(session, project, samples);
  if (products.empty()) return true;
  driver::Compiled compiled = driver::compile(project, products, {}, system_clock(), plan::PutOut::outlets);
  Program& program = compiled.program();
  program.name = session.files().name;
  if (!session.bind(program) || reporter.has_errors()) return false;
  // What is written elsewhere in the same environment is not: only the sources count here.
  const bool topics =
      std::ranges::any_of(program.sources, [](const SourceSpec& each) { return each.binding.kind == "topic"; });
  std::unique_ptr<registry::RegistryService> schemas;
  std::unique_ptr<Broker> broker;
  DryRunOptions options;
  if (topics) {
    const auto settings = broker_settings(session.environment(), session.files().root, session.files().name, reporter);
    if (!settings) return false;
    options.group = settings->group;
    if (session.environment().registry && needs_registry(program, {})) {
      const auto wanted = registry_options(session.environment(), session.files().root, reporter);
      if (!wanted) return false;
      auto opened = open_registry(*wanted);
      if (!opened.ok()) return report_error(opened.error(), reporter), false;
      schemas = std::move(*opened);
      read_by_registry(*schemas, program);
    }
    auto reached = open_broker(*settings);
    if (!reached.ok()) return report_error(reached.error(), reporter), false;
    broker = std::move(*reached);
  }
  Collector collector(program, rows);
  options.stop_requested = [&] { return collector.done(); };
  InlineExecutor executor;
  JobSeams seams{real_fs(), system_clock(), executor, {}, broker.get()};
  seams.make_service = service_clients(real_fs(), system_clock());
  if (const Result<DryRunReport> report = dry_run(program, options, seams, collector); !report.ok())
    return report_error(report.error(), reporter), false;
  for (size_t i = 0; i < program.products.size(); ++i)
    samples.texts[mesh::version_name(program.products[i].qualified(), program.products[i].version)] =
        collector.text_of(i);
  std::erase_if(samples.texts, [](const auto& one) { return one.second.empty(); });
  return true;
}

}  // namespace braid::cli
