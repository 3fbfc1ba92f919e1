#include "cli/session/session.h"

#include <algorithm>
#include <filesystem>

#include "cli/session/audit_feed.h"
#include "cli/session/format_options.h"
#include "cli/session/output_bindings.h"
#include "cli/session/policy_check.h"
#include "cli/session/role_grants.h"
#include "cli/session/services.h"
#include "cli/session/topics.h"
#include "cli/session/whole_rows.h"
#include "runtime/codec/avro_decoder.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/engine/decode_source.h"
#include "runtime/report/format_diagnostics.h"
#include "runtime/report/identity_findings.h"
#include "runtime/report/registry_findings.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

/// The format a file's ending names; empty if none.
constexpr std::string_view kChangesFormat = "debezium";

std::string format_of(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending == ".csv") return "csv";
  if (ending == ".avro") return "avro";
  if (ending == ".ndjson" || ending == ".json" || ending == ".jsonl") return "json";
  return "";
}

}  // namespace

bool Session::load() {
  files_ = find_project(options_.path, sources_, reporter_);
  if (!files_) return false;
  const auto chosen = cli::environment(*files_, options_.environment, sources_, reporter_);
  if (!chosen) return false;
  environment_ = *chosen;
  for (const auto& [name, value] : options_.parameters) environment_.params[name] = value;
  for (const std::string& path : files_->scripts) {
    std::string reason;
    const auto text = read_file(path, reason);
    if (text)
      sources_.add(path, *text);
    else
      reporter_.report(diag::FileNotReadable{.path = path, .reason = reason});
  }
  return !reporter_.has_errors();
}

bool Session::read_scripts() {
  if (!load()) return false;
  scripts_ = driver::parse_scripts(sources_, reporter_);
  return !reporter_.has_errors();
}

bool Session::check() {
  return check(false);
}

bool Session::check_all() {
  return check(true);
}

bool Session::check(bool whole) {
  Clock& clock = system_clock();
  int64_t begin = clock.steady_us();
  auto stage = [&](const char* name) {
    times_.push_back({name, clock.steady_us() - begin});
    begin = clock.steady_us();
  };
  if (!load()) return false;
  stage("load");
  scripts_ = driver::parse_scripts(sources_, reporter_);
  stage("parse");
  if (!foreign_.resolve(*files_, scripts_, sources_, reporter_)) return false;
  for (auto& script : driver::parse_scripts(sources_, reporter_, foreign_.first_file()))
    scripts_.push_back(std::move(script));
  stage("use");
  project_ = driver::check_scripts(scripts_, sources_, language(), environment_.params,
                                   whole ? std::vector<uint32_t>() : run_files(), reporter_, label_names(),
                                   foreign_.first_file());
  stage("check");
  // Of what stands in error elsewhere the project knows nothing, and settings may be for that.
  const auto& findings = reporter_.findings();
  const bool partial = std::any_of(findings.begin(), findings.end(),
                                   [](const Diagnostic& each) { return each.code == diag::ErrorsElsewhere::kCode; });
  for (const auto& [name, value] : environment_.params) {
    std::vector<std::string> names;
    bool known = partial || reporter_.has_errors();
    for (const typed::Parameter& parameter : project_.parameters) {
      const bool ours = !foreign_.is_foreign(parameter.span.file);
      const std::string whole = parameter.domain + "." + parameter.name;
      known |= (ours && parameter.name == name) || whole == name;
      names.push_back(ours ? parameter.name : whole);
    }
    if (known) continue;
    const bool given = options_.parameters.contains(name);
    const std::string section = given ? "--set" : "[env." + environment_.name + ".param]";
    auto finding = reporter_.report(diag::UnknownKey{.section = section, .key = name});
    if (const auto near = closest(name, names)) finding.note("did you mean `" + *near + "`?");
    finding.note(names.empty() ? "the scripts declare no `param`"
                               : fmt::format("the scripts declare: {}", fmt::join(names, ", ")));
  }
  for (const typed::Relation& relation : project_.relations) {
    if (!relation.source || !relation.source->from) continue;
    FormatOptions written;
    for (const auto& [name, value] : relation.source->from->options) written.emplace_back(name, option_text(value));
    const Span place = relation.source->from->span;
    check_format_options(relation.qualified(), written, false, place, reporter_, sources_.text(place));
  }
  for (const typed::Relation& relation : project_.relations) {
    if (!relation.to || relation.to->kind != "file") continue;
    FormatOptions written;
    for (const auto& [name, value] : relation.to->options) written.emplace_back(name, option_text(value));
    check_format_options(relation.qualified(), written, true, relation.to->span, reporter_,
                         sources_.text(relation.to->span));
  }
  check_bindings(project_, environment_, partial, reporter_);
  if (!reporter_.has_errors())
    check_policies(
        *files_, project_, [&](uint32_t file) { return !foreign_.is_foreign(file) && (whole || is_chosen(file)); },
        reporter_);
  find_deletes();
  return !reporter_.has_errors();
}

typed::Project Session::check_with(const std::map<std::string, std::string>& parameters, Reporter& reporter) const {
  std::map<std::string, std::string> all = environment_.params;
  for (const auto& [name, value] : parameters) all[name] = value;
  return driver::check_scripts(scripts_, sources_, language(), all, run_files(), reporter, label_names(),
                               foreign_.first_file());
}

std::optional<std::vector<std::string>> Session::label_names() const {
  if (!files_->labels) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& [name, meaning] : *files_->labels) names.push_back(name);
  return names;
}

bool Session::is_chosen(uint32_t file) const {
  const std::string& only = files_->only_script;
  const std::string& path = sources_.file(file).path;
  return only.empty() || path == only || path.starts_with(only.ends_with("/") ? only : only + "/");
}

std::vector<uint32_t> Session::chosen_files() const {
  std::vector<uint32_t> chosen;
  for (uint32_t file = 0; file < sources_.size(); ++file)
    if (is_chosen(file)) chosen.push_back(file);
  return chosen;
}

std::vector<uint32_t> Session::run_files() const {
  return files_->only_script.empty() ? std::vector<uint32_t>() : chosen_files();
}

std::vector<typed::RelationId> Session::chosen_products() const {
  return driver::products_of(project_, chosen_files());
}

bool Session::put_out_for(const access::Subject& reader, const std::vector<typed::RelationId>& products,
                          int64_t now_us) {
  bool all = true;
  const std::vector<mesh::AccessEntry> grants = role_grants(*files_, reader);
  for (const typed::RelationId id : products) {
    typed::Relation& product = project_.relations[static_cast<size_t>(id)];
    add_role_grants(grants, reader, product);
    const access::ReadPlan plan = access::read_plan(product, reader, now_us);
    if (plan.refused) {
      reporter_.report(diag::ReaderRefused{.reader = access::subject_text(reader), .product = product.qualified()})
          .at(product.span);
      all = false;
    } else if (auto steps = policy_server_.steps(*files_, reader, project_, product, plan, sources_, reporter_)) {
      product.outlet = std::move(*steps);
    } else {
      all = false;
    }
  }
  return all;
}

void Session::keep_whole_rows(bool all, const std::string& store) {
  whole_rows_store_ = store;
  // Jobs that write topics keep no views.
  if (environment_.serve_access && !environment_.kafka) add_whole_outputs(project_, environment_, all);
}

driver::Compiled Session::compile(const std::vector<typed::RelationId>& products) const {
  driver::Compiled made =
      driver::compile(project_, products, options_.optimizer, system_clock(), plan::PutOut::outlets);
  made.program().name = files_->name;
  driver::name_places(made.program(), sources_, files_->root);
  return made;
}

void Session::find_deletes() {
  for (typed::Relation& relation : project_.relations) {
    if (!relation.source || relation.kind != typed::RelationKind::table) continue;
    const auto found = environment_.bind.find(relation.qualified());
    const BindingConfig* bound = found != environment_.bind.end() ? &found->second : nullptr;
    const std::optional<typed::Connector>& from = relation.source->from;
    const bool names_format = bound != nullptr && !bound->format.empty();
    const mesh::InterfaceAddress* published = published_address(relation);
    const std::string format = names_format           ? bound->format
                               : from                 ? from->format
                               : published != nullptr ? published->format
                                                      : "";
    const bool changes = format == kChangesFormat;
    const bool named = bound != nullptr && !bound->topic.empty(), file = bound != nullptr && !bound->file.empty();
    const std::string kind = from ? from->kind : published != nullptr ? published->connector : "";
    const bool of_topic = environment_.kafka && (named || (!file && kind == "topic"));
    relation.source->takes_deletes = of_topic || changes;
  }
}

void Session::check_changes(const SourceSpec& source) {
  if (!source.binding.has_changes()) return;
  if (!source.is_table)
    reporter_.report(diag::ChangesNeedTable{.relation = source.name, .format = source.binding.format})
        .at(source.span)
        .note("declare it as a `table` with a `key`");
  // In a file they are lines of JSON.
  if (source.binding.kind != "topic" && source.binding.is_avro())
    reporter_.report(diag::FormatNeedsTopic{.relation = source.name, .format = source.binding.format + " of Avro"})
        .at(source.span);
}

void Session::check_messages(const SourceSpec& source) {
  const Binding& binding = source.binding;
  if (binding.format != "protobuf" && binding.format != "raw") return;
  if (binding.kind != "topic") {
    reporter_.report(diag::FormatNeedsTopic{.relation = source.name, .format = binding.format})
        .at(source.span)
        .note("samples in files are NDJSON, CSV or Avro: name `format = \"json\"` beside the file");
    return;
  }
  if (binding.format != "raw") return;
  auto refuse = [&](std::string reason) {
    reporter_.report(diag::NotOneValue{.relation = source.name, .reason = std::move(reason)})
        .at(source.span)
        .note("declare it as a `stream` with one field: `{ line: string }` or `{ content: bytes }`");
  };
  if (source.is_table) refuse("a table has a key beside it");
  const auto relation = std::ranges::find_if(project_.relations, [&](const typed::Relation& each) {
    return each.source && each.qualified() == source.name && each.version == source.version;
  });
  const auto& fields = relation->source->fields;
  if (fields.size() != 1) return refuse(fmt::format("it declares {} fields", fields.size()));
  const Type& type = without_optional(fields.front().type);
  if (!is(type, TypeKind::string) && !is(type, TypeKind::bytes))
    refuse(fmt::format("`{}` is `{}`, and not `string` or `bytes`", fields.front().name, to_string(type)));
}

void Session::read_schema(SourceSpec& source) {
  for (auto& [name, value] : source.binding.options) {
    if (name != "schema") continue;
    const std::string path = std::filesystem::path(value).is_absolute() || files_->root.empty()
                                 ? value
                                 : (std::filesystem::path(files_->root) / value).string();
    std::string reason;
    const bool protobuf = source.binding.format == "protobuf";
    if (source.binding.kind != "topic" || (source.binding.format != "avro" && !protobuf)) {
      reason = "it is for `avro` and `protobuf` of a topic";
    } else if (const auto text = read_file(path, reason); text && protobuf) {
      value = *text;
      const std::string* message = source.binding.option("message");
      const Status fits = check_protobuf_schema(decode_plan(source), value, message == nullptr ? "" : *message);
      if (!fits.ok()) reason = fits.error().message;
    } else if (text) {
      value = *text;
      const auto plan = plan_of_writer_schema(decode_plan(source), {.text = value, .references = {}});
      if (!plan.ok()) reason = plan.error().message;
    }
    if (!reason.empty()) reporter_.report(diag::BadSchemaFile{.path = path, .reason = reason}).at(source.span);
  }
}

const mesh::InterfaceAddress* Session::published_address(const typed::Relation& relation) const {
  if (!foreign_.is_foreign(relation.span.file) || environment_.bind.contains(relation.qualified())) return nullptr;
  return foreign_.address(relation.qualified(), relation.version, environment_.name);
}

void Session::bind_source(SourceSpec& source, const std::string* input) {
  const auto relation = std::find_if(project_.relations.begin(), project_.relations.end(), [&](const auto& each) {
    return each.source && each.qualified() == source.name && each.version == source.version;
  });
  Binding& binding = source.binding;
  if (relation->source->from) {
    const typed::Connector& from = *relation->source->from;
    binding.kind = from.kind;
    binding.address = from.address;
    binding.format = from.format;
    for (const auto& [name, value] : from.options) binding.options.emplace_back(name, option_text(value));
    if (from.kind == "file" && !std::filesystem::path(from.address).is_absolute() && !files_->root.empty())
      binding.address = (std::filesystem::path(files_->root) / from.address).string();
  }
  if (const mesh::InterfaceAddress* published = published_address(*relation)) {
    binding.kind = published->connector;
    binding.address = published->address;
    binding.format = published->format;
  }
  // Lines of JSON may be changes, if the script says so.
  const auto set_by_ending = [&](const std::string& path) {
    const std::string by_ending = format_of(path);
    if (!by_ending.empty() && !(by_ending == "json" && binding.has_changes())) binding.format = by_ending;
  };
  const auto bound = environment_.bind.find(source.name);
  if (bound != environment_.bind.end()) {
    const BindingConfig& config = bound->second;
    if (!config.topic.empty()) {
      binding.kind = "topic";
      binding.address = config.topic;
    } else if (!config.file.empty()) {
      binding.kind = "file";
      binding.address = config.file;
    }
    if (!config.format.empty())
      binding.format = config.format;
    else
      set_by_ending(config.file);
    for (const auto& [name, value] : config.options) {
      std::erase_if(binding.options, [&](const auto& option) { return option.first == name; });
      binding.options.emplace_back(name, value);
    }
  }
  if (input != nullptr) {
    binding.kind = *input == "-" ? "stdin" : "file";
    binding.address = *input;
    set_by_ending(*input);
  }
  if (binding.kind == "audit") {
    if (files_->mesh.registry.empty())
      reporter_.report(diag::NoRegistryOfProducts{})
          .at(source.span)
          .note("an audit log is in the registry: name it in braid.toml: [mesh] registry = \"/srv/registry\"");
    audit_logs_.insert(binding.address);
    binding = {.kind = "file",
               .address = audit_path(*files_, binding.address),
               .format = "json",
               .options = std::move(binding.options)};
  }
  const bool from_toml = bound != environment_.bind.end() && !bound->second.options.empty();
  check_format_options(source.name, binding.options, false, from_toml ? bound->second.span : source.span, reporter_);
  if (binding.format.empty() && binding.kind != "topic") binding.format = format_of(binding.address);
  if (binding.format.empty()) binding.format = "json";
  check_changes(source);
  check_messages(source);
  read_schema(source);
  if (binding.kind == "file" || binding.kind == "stdin") return;
  if (binding.kind == "topic" && environment_.kafka) {
    check_topic_source(source, environment_, reporter_);
    if (bound != environment_.bind.end() && !bound->second.start.empty())
      binding.options.emplace_back("start", bound->second.start);
    return;
  }
  const std::string environment = environment_.name.empty() ? "none" : environment_.name;
  const std::string shown = environment_.name.empty() ? "dev" : environment_.name;
  const std::string name = source.name.substr(source.name.rfind('.') + 1);
  auto finding = reporter_.report(diag::UnboundSource{.relation = source.name, .environment = environment});
  finding.at(source.span);
  if (environment_.kafka)
    finding.note(
        fmt::format("bind it in braid.toml: [env.{}.bind] \"{}\" = {{ topic = \"{}\" }}", shown, source.name, name));
  else
    finding.note(fmt::format("bind it in braid.toml: [env.{}.bind] \"{}\" = {{ file = \"samples/{}-*.ndjson\" }}",
                             shown, source.name, name));
  finding.note("or for one run: --input " + source.name + "=FILE");
}

bool Session::bind(Program& program) {
  std::vector<std::string> names;
  for (const SourceSpec& source : program.sources) names.push_back(source.name);
  const size_t sources = names.size();
  for (const ServiceSpec& service : program.services) names.push_back(service.name);
  std::map<std::string, std::string> inputs;
  for (const auto& [written, file] : options_.inputs) {
    // `--input payment=…` names `payments.payment` if only one source ends so; `--input FILE` the only source.
    std::vector<std::string> fits;
    for (const std::string& name : names)
      if (name == written || name.ends_with("." + written) ||
          (written.empty() && sources == 1 && name == names.front()))
        fits.push_back(name);
    if (fits.size() == 1) {
      inputs[fits.front()] = file;
      continue;
    }
    auto finding = reporter_.report(diag::BindsNothing{.name = written.empty() ? file : written});
    finding.note(fmt::format("the script reads: {}", fmt::join(names, ", ")));
    if (written.empty()) finding.note("say which one: --input NAME=" + file);
  }
  for (SourceSpec& source : program.sources) {
    const auto given = inputs.find(source.name);
    bind_source(source, given == inputs.end() ? nullptr : &given->second);
  }
  bind_services(program, project_, environment_, inputs, files_->root, reporter_);
  output_topics_ = bind_topics(program, project_, environment_, reporter_);
  for (const auto& [name, binding] : environment_.out)
    check_format_options(name, {binding.options.begin(), binding.options.end()}, true, binding.span, reporter_);
  if (reporter_.has_errors()) return false;
  output_files_ = bind_files(program, project_, environment_, files_->root, reporter_);
  for (size_t i = 0; i < program.products.size(); ++i) {
    const ProductSpec& product = program.products[i];
    const bool whole = std::ranges::any_of(project_.relations, [&](const typed::Relation& each) {
      return is_whole_output(each) && each.qualified() == product.qualified() && each.version == product.version;
    });
    if (whole)
      output_files_[static_cast<int>(i)] = {
          .path = whole_output_path(whole_rows_store_, product.qualified(), product.version), .format = "json"};
  }
  return !reporter_.has_errors();
}

}  // namespace braid::cli
