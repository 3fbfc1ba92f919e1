#include "cli/session/topics.h"

#include <algorithm>

#include "cli/session/format_options.h"
#include "cli/session/output_bindings.h"
#include "cli/session/registry.h"
#include "runtime/codec/change_row.h"
#include "runtime/codec/protobuf_encoder.h"
#include "runtime/connect/topic_template.h"
#include "runtime/data/time_text.h"
#include "runtime/report/alert_findings.h"
#include "runtime/report/format_diagnostics.h"
#include "runtime/report/step_findings.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

const typed::Relation* product_of(const typed::Project& project, const std::string& name, int64_t version) {
  for (const typed::Relation& each : project.relations)
    if (each.kind == typed::RelationKind::product && each.qualified() == name && each.version == version) return &each;
  return nullptr;
}

/// Keys that fit the topic of a source, or of a product, only; or no topic at all.
void check_keys(const std::string& name, const BindingConfig& binding, bool is_product, const Environment& environment,
                Reporter& reporter) {
  auto has = [&](const char* key) { return std::ranges::find(binding.keys, key) != binding.keys.end(); };
  auto mixed = [&](const char* key, const std::string& kind) {
    reporter.report(diag::BindingMixed{.name = name, .key = key, .kind = kind}).at(binding.span);
  };
  const std::string out = "[env." + environment.name + ".out]";
  if (is_product && has("file")) return mixed("file", "sources; the file of a product is named in " + out);
  if (has("file") && has("topic")) return mixed("topic", "topics, and a `file`: it can have one of them");
  for (const char* key : {"start", "partitions", "retention", "compaction"}) {
    if (!has(key)) continue;
    if (has("file")) return mixed(key, "topics, not for files");
    const bool of_source = std::string_view(key) == "start";
    if (of_source == is_product)
      return mixed(key, of_source ? "sources, not for products" : "products, not for sources");
  }
  if (!environment.kafka && has("topic"))
    reporter
        .report(diag::NoBrokers{.what = "the topic of `" + name + "`", .environment = "[env." + environment.name + "]"})
        .at(binding.span)
        .note("name the brokers: brokers = \"broker1:9092,broker2:9092\"");
  if (is_product && environment.out.contains(name)) mixed("topic", "products that " + out + " binds to no file");
}

void check_name(const std::string& topic, Span place, Reporter& reporter) {
  if (is_topic_name(topic)) return;
  reporter.report(diag::BadTopicName{.topic = topic})
      .at(place)
      .note("names have 1 to 249 ASCII letters, digits, `.`, `_` and `-`, and are not `.` or `..`");
}

/// The same of a product's topic, whose name may have fields of the row.
void check_output_name(const std::string& topic, const ProductSpec& product, Span place, Reporter& reporter) {
  if (topic.find_first_of("{}") == std::string::npos) return check_name(topic, place, reporter);
  const auto read = PathTemplate::parse(topic);
  if (!read) {
    reporter.report(diag::BrokenPath{.path = topic}).at(place);
    return;
  }
  if (names_outputs(*read, product, place, reporter)) check_name(topic_for_all(topic), place, reporter);
}

std::string start_text(const StartAt& start) {
  std::string text;
  switch (start.kind) {
    case StartAt::Kind::earliest:
      return "from the first record";
    case StartAt::Kind::latest:
      return "from records to come";
    case StartAt::Kind::timestamp:
      append_timestamp(text, start.timestamp_us);
      return "from " + text;
    case StartAt::Kind::offsets:
      for (const auto& [partition, offset] : start.offsets)
        text += fmt::format("{}{} in partition {}", text.empty() ? "from offset " : ", ", offset, partition);
      return text;
  }
  return text;
}

std::string output_text(const TopicBinding& binding) {
  std::string text;
  if (binding.partitions) text += fmt::format(", {} partitions", *binding.partitions);
  if (binding.retention_us == TopicBinding::kForever) {
    text += ", kept forever";
  } else if (binding.retention_us) {
    text += ", kept ";
    append_duration_literal(text, *binding.retention_us);
  }
  if (binding.compaction) text += *binding.compaction ? ", compacted" : ", not compacted";
  return text;
}

/// `keep 30d`: a topic that the job makes keeps rows for as long, unless the newest of each key stay for ever.
void keep_as_promised(const std::string& product, const typed::Promises& promises, Span place, TopicBinding& made,
                      Reporter& reporter) {
  if (!promises.keep_us || made.compaction.value_or(false)) return;
  if (!made.retention_us) {
    made.retention_us = promises.keep_us;
    return;
  }
  if (*made.retention_us == TopicBinding::kForever || *made.retention_us >= *promises.keep_us) return;
  diag::KeptTooShort found{.product = product, .promise = "keep ", .retention = ""};
  append_duration_literal(found.promise, *promises.keep_us);
  append_duration_literal(found.retention, *made.retention_us);
  reporter.report(std::move(found)).at(place).note("make `retention` as long, or promise less");
}

/// Two products with one topic, and a product that writes what a source reads.
void check_shared(const Program& program, const std::map<int, TopicBinding>& topics, Reporter& reporter) {
  for (auto at = topics.begin(); at != topics.end(); ++at) {
    const auto& [index, binding] = *at;
    const ProductSpec& product = program.products[static_cast<size_t>(index)];
    const auto owner = std::find_if(topics.begin(), at,
                                    [&](const auto& other) { return topics_meet(other.second.topic, binding.topic); });
    if (owner != at)
      reporter
          .report(diag::TopicShared{.first = program.products[static_cast<size_t>(owner->first)].qualified(),
                                    .second = product.qualified(),
                                    .topic = binding.topic})
          .at(product.span)
          .note("a product without a binding and without `to topic` writes the topic DOMAIN.NAME.vVERSION");
    for (const SourceSpec& source : program.sources)
      if (source.binding.kind == "topic" && topics_meet(source.binding.address, binding.topic))
        reporter
            .report(diag::TopicLoop{.product = product.qualified(), .topic = binding.topic, .relation = source.name})
            .at(product.span)
            .note("the job would read its own results as input");
  }
}

void report_no_registry(const std::string& relation, const std::string& format, const Environment& environment,
                        Span place, Reporter& reporter) {
  const std::string section = "[env." + environment.name + "]";
  auto finding = format == "protobuf"
                     ? reporter.report(diag::NoRegistryForProtobuf{.relation = relation, .environment = section})
                     : reporter.report(diag::NoRegistry{.relation = relation, .environment = section});
  finding.at(place).note("name the registry: [env." + environment.name + ".registry] url = \"http://registry:8081\"");
}

/// Whether rows of the product can be written in the format.
void check_row(const ProductSpec& product, const std::string& format, Span place, Reporter& reporter) {
  if (format == "protobuf") {
    const auto schema =
        protobuf_schema_of(product.qualified(), written_row(product.row, product.changes, product.change_form));
    if (!schema.ok())
      reporter.report(diag::NoProtobufSchema{.product = product.qualified(), .reason = schema.error().message})
          .at(place);
  }
  if (format != "raw") return;
  if (product.changes && product.change_form != ChangeForm::upsert) {
    reporter.report(diag::NotOneValue{.relation = product.qualified(), .reason = "its changes are rows of their own"})
        .at(place)
        .note("`format json` has the row and what became of it");
    return;
  }
  const auto column = raw_column_of(product);
  if (!column.ok())
    reporter.report(diag::NotOneValue{.relation = product.qualified(), .reason = column.error().message})
        .at(place)
        .note("select one column of type `string` or `bytes`, beside the columns of the key");
}

/// `names`: what could have been meant.
void report_binds_nothing(const std::string& name, Span place, const std::vector<std::string>& names,
                          Reporter& reporter) {
  auto finding = reporter.report(diag::BindsNothing{.name = name});
  finding.at(place);
  const auto same = std::ranges::find_if(names, [&](const std::string& each) { return each.ends_with("." + name); });
  if (same != names.end())
    finding.note("names have their domain: `" + *same + "`");
  else if (const auto near = closest(name, names))
    finding.note("did you mean `" + *near + "`?");
}

}  // namespace

std::string topics_text(const Program& program, const std::map<int, TopicBinding>& outputs,
                        const Environment& environment) {
  std::string text = fmt::format("topics of {}\n", environment.name);
  for (const SourceSpec& source : program.sources)
    if (source.binding.kind == "topic")
      text += fmt::format("  {} reads {}, {}, {}\n", source.name, source.binding.address, source.binding.format,
                          start_text(start_of(source.binding)));
  for (const auto& [index, binding] : outputs) {
    const ProductSpec& product = program.products[static_cast<size_t>(index)];
    text += fmt::format("  {} version {} writes {}, {}{}{}\n", product.qualified(), product.version, binding.topic,
                        binding.format, output_text(binding),
                        topic_template(binding.topic) ? fmt::format(", at most {} topics", kMostTopics) : "");
  }
  text += "  " + guarantee_text(program, outputs, environment.kafka->settings.delivery) + "\n";
  return text;
}

std::string guarantee_text(const Program& program, const std::map<int, TopicBinding>& outputs, Delivery delivery) {
  if (outputs.empty())
    return "exactly once: what was read of the topics and what was written to files is one commit of the store";
  std::string text = delivery == Delivery::exactly_once
                         ? "exactly once: results and what was read are one transaction of the brokers"
                         : "at least once: results are written before what was read is committed; after a failure some "
                           "are written again";
  for (const SourceSpec& source : program.sources) {
    if (source.is_static() || source.binding.kind != "file") continue;
    text += fmt::format("; after a crash the files of {} are read again, and must hold what they held", source.name);
    break;
  }
  return text;
}

void check_bindings(const typed::Project& project, const Environment& environment, bool partial, Reporter& reporter) {
  std::vector<std::string> names;
  for (const typed::Relation& relation : project.relations)
    if (relation.source || relation.kind == typed::RelationKind::product) names.push_back(relation.qualified());
  for (const auto& [name, binding] : environment.bind) {
    const auto relation = std::ranges::find_if(project.relations, [&](const typed::Relation& each) {
      return (each.source || each.kind == typed::RelationKind::product) && each.qualified() == name;
    });
    if (relation != project.relations.end()) {
      check_keys(name, binding, !relation->source, environment, reporter);
      continue;
    }
    if (partial || reporter.has_errors()) continue;
    report_binds_nothing(name, binding.span, names, reporter);
  }
  std::vector<std::string> products;
  for (const typed::Relation& relation : project.relations)
    if (relation.kind == typed::RelationKind::product) products.push_back(relation.qualified());
  for (const auto& [name, output] : environment.out)
    if (!partial && !reporter.has_errors() && std::ranges::find(products, name) == products.end())
      report_binds_nothing(name, output.span, products, reporter);
}

void check_topic_source(const SourceSpec& source, const Environment& environment, Reporter& reporter) {
  const Binding& binding = source.binding;
  check_name(binding.address, source.span, reporter);
  if (has_framing(binding) && !environment.registry)
    report_no_registry(source.name, binding.format, environment, source.span, reporter);
  if (binding.format != "csv") return;
  const bool headless = std::ranges::any_of(
      binding.options, [](const auto& option) { return option.first == "header" && option.second == "false"; });
  if (headless) return;
  reporter
      .report(diag::FlagValue{.option = "format` of `" + source.name,
                              .expected = "`csv` of a topic with `header = false` and `names`",
                              .found = "csv with a header line"})
      .at(source.span)
      .note("a record of a topic is one row: there is no header line that could name its columns");
}

std::map<int, TopicBinding> bind_topics(const Program& program, const typed::Project& project,
                                        const Environment& environment, Reporter& reporter) {
  std::map<int, TopicBinding> topics;
  if (!environment.kafka) return topics;
  for (size_t i = 0; i < program.products.size(); ++i) {
    const ProductSpec& product = program.products[i];
    const typed::Relation* relation = product_of(project, product.qualified(), product.version);
    if (relation == nullptr) continue;
    // Of several versions the newest goes where the environment says, as with files.
    const bool newest = std::ranges::none_of(program.products, [&](const ProductSpec& other) {
      return other.qualified() == product.qualified() && other.version > product.version;
    });
    if (newest && environment.out.contains(product.qualified())) continue;
    if (relation->to && relation->to->kind == "file") continue;
    TopicBinding made{.topic = topic_of_product(product), .format = product.format};
    FormatOptions options;
    Span place = product.span;
    if (relation->to) {
      made.topic = relation->to->address;
      if (!relation->to->format.empty()) made.format = relation->to->format;
      for (const auto& [name, value] : relation->to->options) options.emplace_back(name, option_text(value));
    }
    if (const auto bound = environment.bind.find(product.qualified()); newest && bound != environment.bind.end()) {
      const BindingConfig& config = bound->second;
      place = config.span;
      if (!config.topic.empty()) made.topic = config.topic;
      if (!config.format.empty()) made.format = config.format;
      for (const auto& [name, value] : config.options) {
        std::erase_if(options, [&](const auto& option) { return option.first == name; });
        options.emplace_back(name, value);
      }
      made.partitions = config.partitions;
      made.retention_us = config.retention_us;
      made.compaction = config.compaction;
    }
    check_output_name(made.topic, product, place, reporter);
    check_format_options(product.qualified(), options, true, place, reporter);
    if (made.compaction.value_or(false) && relation->key.empty())
      reporter.report(diag::CompactionWithoutKey{.product = product.qualified()})
          .at(place)
          .note("give the product a key: `key id`");
    keep_as_promised(product.qualified(), relation->promises, place, made, reporter);
    check_row(product, made.format, place, reporter);
    if (has_framing(made.format) && !environment.registry)
      report_no_registry(product.qualified(), made.format, environment, place, reporter);
    if (!reporter.has_errors()) made.style = csv_style(options);
    topics.emplace(static_cast<int>(i), std::move(made));
  }
  check_shared(program, topics, reporter);
  return topics;
}

}  // namespace braid::cli
