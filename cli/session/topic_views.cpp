#include "cli/session/topic_views.h"

#include <algorithm>
#include <set>

#include "cli/session/view_bindings.h"
#include "runtime/base/fs.h"
#include "runtime/connect/topic_template.h"
#include "runtime/engine/written_rows.h"
#include "runtime/report/view_findings.h"

namespace braid::cli {
namespace {

class Binder {
 public:
  Binder(Session& session, const Program& program) : session_(session), program_(program) {}

  TopicViews bind() {
    add_own();
    add_foreign();
    if (made_.specs.empty() && !session_.reporter().has_errors())
      session_.reporter().report(diag::NothingInTopics{.environment = "[env." + session_.environment().name + "]"});
    return std::move(made_);
  }

 private:
  void refuse(const std::string& product, std::string reason, Span place, const char* way_out) {
    session_.reporter()
        .report(diag::NotServedFromTopic{.product = product, .reason = std::move(reason)})
        .at(place)
        .note(way_out);
  }

  void add(ProductSpec product, ViewSpec spec, serve::ApiProduct served, bool has_time, const WrittenForm& form,
           const std::string& topic) {
    product.promises.clear();  // the job that makes it watches them
    spec.product = static_cast<int>(made_.program.products.size());
    SourceSpec source = written_source(product, form);
    source.binding.address = topic;
    source.has_time = has_time;
    made_.program.products.push_back(std::move(product));
    made_.program.sources.push_back(std::move(source));
    made_.specs.push_back(std::move(spec));
    made_.timed.push_back(has_time);
    made_.products.push_back(std::move(served));
  }

  bool has_time(const ProductSpec& product) const {
    return std::ranges::any_of(session_.project().relations, [&](const typed::Relation& each) {
      return each.kind == typed::RelationKind::product && each.output_of < 0 && each.version == product.version &&
             each.qualified() == product.qualified() && each.has_time;
    });
  }

  void add_own() {
    const Environment& environment = session_.environment();
    BoundViews views = bind_views(program_, session_.project(), environment, environment.serve.empty(),
                                  session_.reporter(), &session_.foreign_products());
    for (size_t i = 0; i < views.specs.size(); ++i) {
      const ProductSpec& product = program_.products[static_cast<size_t>(views.specs[i].product)];
      const auto topic = session_.output_topics().find(views.specs[i].product);
      if (topic == session_.output_topics().end()) {
        if (!environment.serve.empty())
          refuse(product.qualified(), "it is written to a file", product.span,
                 "`braid run --serve` serves products that a job writes to files");
        continue;
      }
      const TopicBinding& binding = topic->second;
      if (topic_template(binding.topic)) {
        refuse(product.qualified(), "it has a topic for each value of a field", product.span,
               "give it one topic in this environment");
        continue;
      }
      if (binding.format == "raw" && product.row.size() > 1) {
        refuse(product.qualified(), "a record of `raw` has one of its columns", product.span,
               "`format json` has all of them");
        continue;
      }
      add(product, views.specs[i], std::move(views.products[i]), has_time(product),
          {.format = binding.format, .style = binding.style, .topic = true}, binding.topic);
    }
  }

  void add_foreign() {
    for (const auto& [name, config] : session_.environment().serve) {
      for (const typed::Relation& relation : session_.project().relations) {
        if (!relation.source || relation.qualified() != name) continue;
        if (const ForeignProduct* product = session_.foreign_products().find(name, relation.version))
          add_foreign(*product, relation, config);
      }
    }
  }

  void add_foreign(const ForeignProduct& product, const typed::Relation& relation, const ServeConfig& config) {
    const mesh::Interface& interface = product.interface;
    const std::string name = interface.qualified();
    // Whether they may be read has been checked where they are.
    const auto source = std::ranges::find_if(program_.sources, [&](const SourceSpec& each) {
      return each.name == name && each.version == interface.version;
    });
    if (source == program_.sources.end())
      return refuse(name, "no product of this project reads it", config.span, "`use` it in a product that reads it");
    if (source->binding.kind != "topic")
      return refuse(name, "it is not in a topic here", config.span, "serve a product of yours that reads it");
    const bool masked =
        std::ranges::any_of(interface.access.masks, [](const auto& mask) { return !mask.with.empty(); });
    if (masked || !interface.access.rows.empty())
      return refuse(name, "its readers see some of its rows, or values that are masked, and the topic has all",
                    config.span, "serve a product of yours that reads it: it has what you may see");
    const bool debezium = source->binding.has_changes();
    const bool has_options =
        std::ranges::any_of(source->binding.options, [](const auto& option) { return option.first != "start"; });
    const std::string format = debezium ? "json" : source->binding.format;
    if (has_options || format == "raw")
      return refuse(name, "it is bound with options of its format", config.span,
                    "serve a product of yours that reads it");
    std::set<std::string> readable;
    for (const typed::SourceField& field : relation.source->fields) readable.insert(field.name);
    ForeignView view = bind_foreign_view(interface, config, readable, session_.reporter());
    if (debezium) view.product.change_form = ChangeForm::debezium;
    if (view.product.changes && view.product.key.empty())
      return refuse(name, "it is a table without a key", config.span, "serve a product of yours that reads it");
    add(std::move(view.product), view.spec, std::move(view.served), view.has_time, {.format = format, .topic = true},
        source->binding.address);
  }

  Session& session_;
  const Program& program_;
  TopicViews made_;
};

}  // namespace

TopicViews bind_topic_views(Session& session, const Program& program) {
  return Binder(session, program).bind();
}

std::string serve_store(const Environment& environment) {
  return join_path(environment.store, "serve");
}

}  // namespace braid::cli
