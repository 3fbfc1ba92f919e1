#include "cli/project/config.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>

#define TOML_EXCEPTIONS 0
// Version 3.3 asserts what a broken text may well break ("[" and a line end), before code that reports just that.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include "cli/project/kafka_config.h"
#include "cli/project/mesh_config.h"
#include "cli/project/registry_config.h"
#include "cli/project/serve_access_config.h"
#include "cli/project/service_config.h"
#include "mesh/registry/domain_key.h"
#include "runtime/connect/kafka/allowed_settings.h"
#include "runtime/connect/topic_binding.h"
#include "runtime/data/time_text.h"
#include "runtime/report/suggest.h"
#include "serve/http/address.h"

namespace braid::cli {

struct ConfigFile {
  toml::table root;
  uint32_t file = 0;  ///< of the sources
};

namespace {

const std::vector<std::string> kProjectKeys{"name", "default_env"};
const std::vector<std::string> kMeshKeys{"registry", "tenant", "key",  "approvers", "record_use",
                                         "identity", "s3",     "http", "recovery"};
const std::vector<std::string> kEnvironmentKeys{"store",   "workers",  "memory",   "bind",        "out",    "param",
                                                "brokers", "registry", "delivery", "kafka",       "listen", "service",
                                                "alerts",  "lineage",  "serve",    "serve_access"};
const std::string kMemoryForm = "a size of at least 8MB, like \"512MB\"";
const std::vector<std::string> kFileKeys{"file", "format", "options"};
const std::vector<std::string> kBindingKeys{"file",  "format",     "options",   "topic",
                                            "start", "partitions", "retention", "compaction"};
const std::vector<std::string> kReadFormats{"json", "csv", "avro", "protobuf", "raw", "debezium"};
const std::vector<std::string> kFileFormats{"json", "csv", "avro"};  ///< that are written to files
constexpr int64_t kMostPartitions = 100'000;

class Config {
 public:
  Config(const Project& project, const SourceSet& sources, Reporter& reporter)
      : project_(project),
        sources_(sources),
        reporter_(reporter),
        root_(project.config->root),
        file_(project.config->file) {}

  void header(Project& project) {
    only_keys(root_, "braid.toml", {"project", "mesh", "env", "labels"});
    if (const toml::table* table = root_["project"].as_table()) {
      only_keys(*table, "[project]", kProjectKeys);
      project.name = text(*table, "name");
      project.default_environment = text(*table, "default_env");
    }
    if (const toml::node* labels = root_.get("labels")) this->labels(*labels, project);
    if (const toml::table* table = root_["mesh"].as_table()) mesh(*table, project.mesh);
    if (project.name.empty())
      project.name = std::filesystem::absolute(project.root.empty() ? "." : project.root).filename().string();
    if (const toml::table* table = root_["env"].as_table())
      for (const auto& [key, value] : *table) project.environments.emplace_back(key.str());
    if (project.default_environment.empty() && !project.environments.empty())
      project.default_environment = project.environments.size() == 1 ? project.environments.front() : "dev";
  }

  std::optional<Environment> environment(const std::string& name) {
    const toml::table* table = root_["env"][name].as_table();
    if (!table) {
      auto finding = reporter_.report(diag::UnknownEnvironment{.name = name});
      if (const auto near = closest(name, project_.environments)) finding.note("did you mean `" + *near + "`?");
      if (!project_.environments.empty())
        finding.note(fmt::format("it has: {}", fmt::join(project_.environments, ", ")));
      return std::nullopt;
    }
    Environment made;
    made.name = name;
    environment_keys(*table, name);
    made.store = from_root(table->contains("store") ? text(*table, "store") : "data");
    if (const toml::node* workers = table->get("workers")) {
      made.workers = static_cast<int>(workers->value_or(int64_t{0}));
      if (made.workers < 1 || made.workers > 64) wrong_value(*workers, "workers", "a number from 1 to 64");
    }
    if (const toml::node* memory = table->get("memory")) made.memory_bytes = bytes(*memory);
    if (const toml::node* listen = table->get("listen")) {
      made.listen = text(*table, "listen");
      if (listen->is_string() && !serve::parse_http_address(made.listen))
        wrong_value(*listen, "listen", std::string(serve::kHttpAddressForm));
    }
    if (const toml::table* bound = (*table)["bind"].as_table())
      made.bind = bindings(*bound, "[env." + name + ".bind]", kBindingKeys);
    if (const toml::table* bound = (*table)["out"].as_table())
      made.out = bindings(*bound, "[env." + name + ".out]", kFileKeys);
    if (const toml::table* params = (*table)["param"].as_table())
      for (const auto& [key, value] : *params) made.params.emplace(key.str(), literal(value));
    services(*table, made);
    alerts(*table, made);
    lineage(*table, made);
    serve(*table, made);
    serve_access(*table, made);
    kafka(*table, made);
    return made;
  }

  static Span span(const SourceSet& sources, uint32_t file, const toml::source_region& region) {
    const std::string& text = sources.file(file).text;
    const uint32_t begin = offset(text, region.begin);
    return {file, begin, std::max(begin, offset(text, region.end))};
  }

 private:
  /// `pii = "tells who somebody is"`
  void labels(const toml::node& node, Project& project) {
    project.labels.emplace();
    const toml::table* table = node.as_table();
    if (table == nullptr) return wrong_value(node, "labels", "a table of names and what they mean: [labels]");
    for (const auto& [key, value] : *table) {
      const std::string name(key.str());
      project.labels->emplace(name, text(*table, name));
    }
  }

  Span span(const toml::source_region& region) const { return span(sources_, file_, region); }
  static uint32_t offset(const std::string& text, const toml::source_position& position) {
    size_t at = 0;
    for (uint32_t line = 1; line < position.line && at < text.size(); ++line) {
      at = text.find('\n', at);
      at = at == std::string::npos ? text.size() : at + 1;
    }
    // Columns count code points.
    for (uint32_t column = 1; column < position.column && at < text.size() && text[at] != '\n'; ++at)
      if (at + 1 >= text.size() || (static_cast<unsigned char>(text[at + 1]) & 0xC0) != 0x80) ++column;
    return static_cast<uint32_t>(std::min(at, text.size()));
  }

  void only_keys(const toml::table& table, const std::string& section, const std::vector<std::string>& known,
                 const std::vector<std::string>& reported = {}) {
    for (const auto& [key, value] : table) {
      const std::string name(key.str());
      if (std::ranges::find(known, name) != known.end()) continue;
      if (std::ranges::find(reported, name) != reported.end()) continue;
      const Span place = span(key.source());
      auto finding = reporter_.report(diag::UnknownKey{.section = section, .key = name});
      finding.at(place);
      if (const auto near = closest(name, known))
        finding.fix(Applicability::likely, "use `" + *near + "`", {{place, *near}});
      else
        finding.note(fmt::format("it takes: {}", fmt::join(known, ", ")));
    }
  }

  void mesh(const toml::table& table, MeshConfig& config) {
    only_keys(table, "[mesh]", kMeshKeys);
    if (const toml::node* node = table.get("registry")) {
      config.registry_span = span(node->source());
      const std::string written = text(table, "registry");
      // An address is not below the project.
      config.registry = written.find("://") != std::string::npos ? written : from_root(written);
    }
    if (const toml::node* node = table.get("key")) {
      config.key_span = span(node->source());
      config.key = from_root(text(table, "key"));
    }
    if (const toml::node* node = table.get("identity")) identity(*node, config.identity);
    mesh_store(table, "s3", config.s3);
    mesh_store(table, "http", config.http);
    warn_of_token_in_the_clear(config, reporter_);
    if (const toml::node* node = table.get("recovery")) {
      config.recovery = text(table, "recovery");
      if (node->is_string() && !mesh::is_public_name(config.recovery))
        wrong_value(*node, "recovery", "the key that `braid mesh key new` has shown: \"ed25519:…\"");
    }
    if (const toml::node* node = table.get("record_use")) {
      const auto* written = node->as_string();
      int64_t& every = config.record_use_every_us;
      if (written != nullptr && written->get() == "never")
        every = 0;
      else if (!written || !parse_duration_literal(written->get(), &every) || every < 1'000'000)
        wrong_value(*node, "record_use", "a duration of at least a second, like \"1h\", or \"never\"");
    }
    if (const toml::node* node = table.get("approvers")) config.approvers = approvers(*node);
    if (const toml::node* node = table.get("tenant")) {
      config.tenant = text(table, "tenant");
      // It is a part of URNs.
      const bool plain = !config.tenant.empty() && std::ranges::all_of(config.tenant, [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '_' || c == '.';
      });
      if (node->is_string() && !plain) wrong_value(*node, "tenant", "letters, digits, `-`, `_` and `.`");
    }
  }

  void mesh_store(const toml::table& mesh, const std::string& name, MeshStoreConfig& config) {
    const toml::node* node = mesh.get(name);
    if (node == nullptr) return;
    const std::string section = "[mesh." + name + "]";
    const toml::table* table = node->as_table();
    if (table == nullptr) return wrong_value(*node, name, "a table: " + section);
    std::vector<WrittenSetting> settings;
    flatten(*table, "", settings);
    read_mesh_store_settings(section, settings, config, sources_, reporter_);
  }

  void identity(const toml::node& node, IdentityConfig& config) {
    std::vector<WrittenSetting> settings;
    if (const toml::table* table = node.as_table()) {
      only_keys(*table, "[mesh.identity]",
                {"issuer", "jwks", "audience", "roles", "skew", "opa", "opa_filters", "opa_masks", "opa_batch_masks"});
      flatten(*table, "", settings);
    }
    read_identity_settings(span(node.source()), settings, config, reporter_);
    if (!config.jwks.empty() && config.jwks.find("://") == std::string::npos) config.jwks = from_root(config.jwks);
  }

  /// What belongs to [env.NAME.kafka] is shown without its line, since that may have a secret.
  void environment_keys(const toml::table& table, const std::string& name) {
    std::vector<std::string> reported;
    for (const auto& [key, value] : table) {
      const std::string written(key.str());
      const bool known = std::ranges::find(kEnvironmentKeys, written) != kEnvironmentKeys.end();
      const bool of_registry = is_registry_secret(written);
      if (known || (!is_kafka_setting(written) && !of_registry && !value.is_table())) continue;
      reported.push_back(written);
      const Span place = span(key.source());
      auto finding = reporter_.report(diag::UnknownKey{.section = "[env." + name + "]", .key = written});
      finding.note(fmt::format("in {}:{}", sources_.file(file_).path, sources_.position(file_, place.begin).line));
      if (is_kafka_setting(written) || written == "sasl" || written == "ssl" || written == "security")
        finding.note("settings of Kafka belong in [env." + name + ".kafka]");
      else if (of_registry)
        finding.note("settings of the schema registry belong in [env." + name + ".registry]");
      else if (const auto near = closest(written, kEnvironmentKeys))
        finding.note("did you mean `" + *near + "`?");
    }
    only_keys(table, "[env." + name + "]", kEnvironmentKeys, reported);
  }

  void kafka(const toml::table& table, Environment& made) {
    registry(table, made);
    const std::string section = "[env." + made.name + ".kafka]";
    KafkaConfig config;
    config.settings.brokers = text(table, "brokers");
    std::vector<WrittenSetting> settings;
    if (const toml::node* delivery = table.get("delivery"))
      settings.push_back(setting("delivery", *delivery, span(table.find("delivery")->first.source())));
    if (const toml::node* node = table.get("kafka")) {
      if (const toml::table* written = node->as_table())
        flatten(*written, "", settings);
      else
        wrong_value(*node, "kafka", "a table: " + section);
    }
    read_kafka_settings(section, settings, config, sources_, reporter_);
    if (!config.settings.snapshots.empty()) config.settings.snapshots = from_root(config.settings.snapshots);
    if (const toml::node* brokers = table.get("brokers")) {
      config.places["brokers"] = span(brokers->source());
      if (brokers->is_string() && !are_addresses(config.settings.brokers))
        wrong_value(*brokers, "brokers", "addresses like \"broker1:9092,broker2:9092\"");
      made.kafka = std::move(config);
      return;
    }
    for (const char* key : {"kafka", "delivery", "registry"}) {
      if (!table.contains(key)) continue;
      const bool is_setting = std::string_view(key) == "delivery";
      const std::string what = is_setting ? "`delivery`" : fmt::format("[env.{}.{}]", made.name, key);
      reporter_.report(diag::NoBrokers{.what = what, .environment = "[env." + made.name + "]"})
          .note("name the brokers: brokers = \"broker1:9092,broker2:9092\"");
      return;
    }
  }

  void services(const toml::table& table, Environment& made) {
    const toml::node* node = table.get("service");
    if (node == nullptr) return;
    const std::string section = "[env." + made.name + ".service";
    const std::string form = "tables by names of services: " + section + ".\"domain.name\"]";
    if (!node->is_table()) return wrong_value(*node, "service", form);
    for (const auto& [key, value] : *node->as_table()) {
      const std::string name(key.str());
      if (!value.is_table()) {
        wrong_value(value, name, form);
        continue;
      }
      std::vector<WrittenSetting> settings;
      flatten(*value.as_table(), "", settings);
      read_service_settings(section + ".\"" + name + "\"]", settings, made.services[name], sources_, reporter_);
    }
  }

  /// Who is told of breached promises. A path of the address may be a secret, so it is shown as it is written.
  void alerts(const toml::table& table, Environment& made) {
    const toml::node* node = table.get("alerts");
    if (node == nullptr) return;
    const std::string section = "[env." + made.name + ".alerts]";
    const toml::table* written = node->as_table();
    if (written == nullptr) return wrong_value(*node, "alerts", "a table: " + section);
    only_keys(*written, section, {"webhook", "ca"});
    std::string& address = made.alerts.webhook;
    address = text(*written, "webhook");
    if (written->contains("ca")) made.alerts.ca = from_root(text(*written, "ca"));
    const toml::node* webhook = written->get("webhook");
    if (webhook == nullptr || !webhook->is_string()) return;
    const bool is_address = address.starts_with("http://") || address.starts_with("https://");
    if (!is_address || address.find('@') != std::string::npos)
      wrong_value(*webhook, "webhook", "an address like \"http://alertmanager:9093\", without a login");
  }

  /// Who is told what jobs read and write.
  void lineage(const toml::table& table, Environment& made) {
    const toml::node* node = table.get("lineage");
    if (node == nullptr) return;
    const std::string section = "[env." + made.name + ".lineage]";
    std::vector<WrittenSetting> settings;
    if (const toml::table* written = node->as_table()) {
      only_keys(*written, section, {"to", "every", "token", "ca"});
      flatten(*written, "", settings);
    }
    std::string& to = made.lineage.to;
    read_lineage_settings(section, span(node->source()), settings, made.lineage, sources_, reporter_);
    if (to.starts_with("file:")) to = "file:" + from_root(to.substr(5));
    if (!made.lineage.ca.empty()) made.lineage.ca = from_root(made.lineage.ca);
  }

  /// Products that are kept for readers.
  void serve(const toml::table& table, Environment& made) {
    const toml::node* node = table.get("serve");
    if (node == nullptr) return;
    const std::string section = "[env." + made.name + ".serve]";
    const std::string form = "a table by names of products: " + section + ", \"domain.name\" = { index = [\"field\"] }";
    if (!node->is_table()) return wrong_value(*node, "serve", form);
    for (const auto& [key, value] : *node->as_table()) {
      const std::string name(key.str());
      const toml::table* settings = value.as_table();
      if (settings == nullptr) {
        wrong_value(value, name, form);
        continue;
      }
      only_keys(*settings, section + " " + name, {"index", "keep", "changes", "changes_size"});
      ServeConfig& config = made.serve[name];
      config.span = span(key.source());
      if (const toml::node* keep = settings->get("keep")) {
        const auto* written = keep->as_string();
        int64_t us = 0;
        if (!written || !parse_duration_literal(written->get(), &us) || us < 1)
          wrong_value(*keep, "keep", "a duration like \"30d\"");
        else
          config.keep_us = us;
      }
      if (const toml::node* changes = settings->get("changes")) {
        const auto* written = changes->as_string();
        if (!written || !parse_duration_literal(written->get(), &config.changes_us) || config.changes_us < 0)
          wrong_value(*changes, "changes", "a duration like \"1h\"; \"0s\": no changes are kept");
      }
      if (const toml::node* size = settings->get("changes_size")) {
        const auto* written = size->as_string();
        const std::optional<int64_t> bytes = written ? memory_size(written->get()) : std::nullopt;
        if (!bytes)
          wrong_value(*size, "changes_size", kMemoryForm);
        else
          config.changes_bytes = *bytes;
      }
      const toml::node* index = settings->get("index");
      if (index == nullptr) continue;
      const toml::array* fields = index->as_array();
      if (fields == nullptr) wrong_value(*index, "index", "a list of fields: [\"segment\", \"city\"]");
      if (fields == nullptr) continue;
      for (const toml::node& field : *fields) {
        if (const auto* path = field.as_string())
          config.indexes.push_back(path->get());
        else
          wrong_value(field, "index", "a list of fields: [\"segment\", \"city\"]");
      }
    }
  }

  /// Who may read them.
  void serve_access(const toml::table& table, Environment& made) {
    const toml::node* node = table.get("serve_access");
    if (node == nullptr) return;
    const std::string section = "[env." + made.name + ".serve_access";
    const toml::table* written = node->as_table();
    if (written == nullptr) return wrong_value(*node, "serve_access", "a table: " + section + "]");
    ServeAccessConfig& config = made.serve_access.emplace();
    config.span = span(node->source());
    const auto read = [&](const toml::table& from, const std::string& consumer) {
      std::vector<WrittenSetting> settings;
      std::vector<WrittenList> lists;
      for (const auto& [key, value] : from) {
        const std::string name(key.str());
        if (consumer.empty() && name == "consumer") continue;
        if (const toml::array* items = value.as_array()) {
          WrittenList list{.key = name, .texts = std::vector<std::string>(), .span = span(key.source())};
          for (const toml::node& item : *items) {
            const auto* text = item.as_string();
            if (text != nullptr && list.texts) list.texts->push_back(text->get());
            if (text == nullptr) list.texts.reset();
          }
          lists.push_back(std::move(list));
        } else if (name == "roles" || name == "owners") {
          lists.push_back({.key = name, .texts = std::nullopt, .span = span(key.source())});
        } else {
          settings.push_back(setting(name, value, span(key.source())));
        }
      }
      const std::string place = consumer.empty() ? section + "]" : section + ".consumer." + consumer + "]";
      read_serve_access(place, consumer, settings, lists, config, sources_, reporter_);
    };
    const size_t before = reporter_.size();
    read(*written, "");
    if (const toml::node* consumers = written->get("consumer")) {
      const std::string form = "tables by names: " + section + ".consumer.NAME]";
      if (!consumers->is_table()) return wrong_value(*consumers, "consumer", form);
      for (const auto& [key, value] : *consumers->as_table()) {
        if (const toml::table* one = value.as_table())
          read(*one, std::string(key.str()));
        else
          wrong_value(value, std::string(key.str()), form);
      }
    }
    for (std::string* path : {&config.tls_certificate, &config.tls_key, &config.client_ca})
      if (!path->empty()) *path = from_root(*path);
    if (reporter_.size() == before)
      check_serve_access(section + "]", !project_.mesh.identity.issuer.empty(), config, reporter_);
  }

  void registry(const toml::table& table, Environment& made) {
    const toml::node* node = table.get("registry");
    if (node == nullptr) return;
    const std::string section = "[env." + made.name + ".registry]";
    const toml::table* written = node->as_table();
    if (written == nullptr) return wrong_value(*node, "registry", "a table: " + section);
    std::vector<WrittenSetting> settings;
    flatten(*written, "", settings);
    read_registry_settings(section, settings, made.registry.emplace(), sources_, reporter_);
  }

  /// host:port, separated by commas; or a reference.
  static bool are_addresses(const std::string& written) {
    if (is_reference(written)) return true;
    for (size_t at = 0; at <= written.size();) {
      const size_t end = std::min(written.find(',', at), written.size());
      const std::string_view one = std::string_view(written).substr(at, end - at);
      const size_t colon = one.rfind(':');
      int port = 0;
      if (colon == std::string_view::npos || colon == 0 || one.find_first_of(" /") != std::string_view::npos)
        return false;
      const auto [read, error] = std::from_chars(one.data() + colon + 1, one.data() + one.size(), port);
      if (error != std::errc() || read != one.data() + one.size() || port < 1 || port > 65535) return false;
      at = end + 1;
    }
    return true;
  }

  WrittenSetting setting(const std::string& key, const toml::node& node, Span place) {
    WrittenSetting made{.key = key, .value = {}, .kind = WrittenSetting::Kind::other, .span = place};
    if (const auto* string = node.as_string()) {
      made.kind = WrittenSetting::Kind::text;
      // A secret may hold `${`, and is refused as it is written.
      made.value = kafka::is_secret(key) || is_registry_secret(key) ? string->get() : expand(string->get(), place);
    } else if (const auto* number = node.as_integer()) {
      made.kind = WrittenSetting::Kind::number;
      made.value = std::to_string(number->get());
    } else if (const auto* flag = node.as_boolean()) {
      made.kind = WrittenSetting::Kind::flag;
      made.value = flag->get() ? "true" : "false";
    } else {
      made.value = sources_.text(span(node.source()));
    }
    return made;
  }

  /// `sasl.username = …` without quotes is a table in a table.
  void flatten(const toml::table& table, const std::string& prefix, std::vector<WrittenSetting>& settings) {
    for (const auto& [key, value] : table) {
      const std::string name = prefix + std::string(key.str());
      if (const toml::table* below = value.as_table())
        flatten(*below, name + ".", settings);
      else
        settings.push_back(setting(name, value, span(key.source())));
    }
  }

  void wrong_value(const toml::node& node, const std::string& key, const std::string& expected) {
    reporter_
        .report(diag::FlagValue{
            .option = key, .expected = expected, .found = std::string(sources_.text(span(node.source())))})
        .at(span(node.source()));
  }

  /// `privacy = "ed25519:…"`
  std::map<std::string, std::string> approvers(const toml::node& node) {
    const std::string form = "a table of domains and their public keys: { privacy = \"ed25519:…\" }";
    std::map<std::string, std::string> made;
    const toml::table* table = node.as_table();
    if (table == nullptr) wrong_value(node, "approvers", form);
    if (table == nullptr) return made;
    for (const auto& [key, value] : *table) {
      const auto* written = value.as_string();
      const bool named = key.str().find_first_of(" =/") == std::string_view::npos;
      if (named && written != nullptr && written->get().starts_with("ed25519:") &&
          written->get().find(' ') == std::string::npos)
        made[std::string(key.str())] = written->get();
      else
        wrong_value(value, std::string(key.str()), "the key that `braid mesh key new` has shown: \"ed25519:…\"");
    }
    return made;
  }

  std::string text(const toml::table& table, const std::string& key) {
    const toml::node* node = table.get(key);
    if (!node) return {};
    if (const auto* string = node->as_string()) return expand(string->get(), span(node->source()));
    wrong_value(*node, key, "a text in quotes");
    return {};
  }

  int64_t bytes(const toml::node& node) {
    std::optional<int64_t> size;
    if (const auto number = node.value_exact<int64_t>()) size = memory_size(std::to_string(*number));
    if (const auto* string = node.as_string()) size = memory_size(string->get());
    if (!size) wrong_value(node, "memory", kMemoryForm);
    return size.value_or(int64_t{512} << 20);
  }

  /// `${NAME}` is the environment variable.
  std::string expand(const std::string& written, Span place) {
    std::string made;
    for (size_t at = 0; at < written.size();) {
      const size_t open = written.find("${", at);
      const size_t close = open == std::string::npos ? open : written.find('}', open);
      if (close == std::string::npos) return made + written.substr(at);
      made += written.substr(at, open - at);
      const std::string name = written.substr(open + 2, close - open - 2);
      if (const char* value = std::getenv(name.c_str()))
        made += value;
      else
        reporter_.report(diag::UnsetVariable{.name = name}).at(place);
      at = close + 1;
    }
    return made;
  }

  std::string from_root(const std::string& path) const {
    const std::filesystem::path given(path);
    return given.is_absolute() || project_.root.empty() ? path
                                                        : (std::filesystem::path(project_.root) / given).string();
  }

  std::string literal(const toml::node& value) {
    if (const auto* string = value.as_string()) return "\"" + expand(string->get(), span(value.source())) + "\"";
    return std::string(sources_.text(span(value.source())));
  }

  /// Texts as they are, a list of texts as a line of CSV, other values as they are written.
  std::string option_text(const toml::node& option) {
    if (const auto* string = option.as_string()) return string->get();
    const toml::array* list = option.as_array();
    if (!list) return std::string(sources_.text(span(option.source())));
    std::string line;
    for (const toml::node& each : *list) {
      line += line.empty() ? "\"" : ",\"";
      for (const char c : option_text(each)) line += c == '"' ? "\"\"" : std::string(1, c);
      line += '"';
    }
    return line;
  }

  /// `start` as parse_start reads it: `{ 0 = 12, 1 = 40 }` is 0=12,1=40.
  std::string start(const toml::node& node) {
    std::string written;
    if (const toml::table* offsets = node.as_table()) {
      for (const auto& [partition, offset] : *offsets)
        written +=
            fmt::format("{}{}={}", written.empty() ? "" : ",", partition.str(), sources_.text(span(offset.source())));
    } else if (const auto* string = node.as_string()) {
      written = expand(string->get(), span(node.source()));
    } else {
      written = sources_.text(span(node.source()));
    }
    if (parse_start(written)) return written;
    wrong_value(node, "start", std::string(kStartForm));
    return {};
  }

  void of_topic(const toml::table& binding, BindingConfig& config) {
    config.topic = text(binding, "topic");
    if (const toml::node* node = binding.get("start")) config.start = start(*node);
    if (const toml::node* node = binding.get("partitions")) {
      const int64_t number = node->value_exact<int64_t>().value_or(0);
      if (number < 1 || number > kMostPartitions) wrong_value(*node, "partitions", "a number from 1 to 100000");
      config.partitions = static_cast<int32_t>(number);
    }
    if (const toml::node* node = binding.get("retention")) {
      const auto* string = node->as_string();
      int64_t us = TopicBinding::kForever;
      if (!string || (string->get() != "forever" && (!parse_duration_literal(string->get(), &us) || us < 1000)))
        wrong_value(*node, "retention", "a duration like \"7d\", or \"forever\"");
      config.retention_us = us;
    }
    if (const toml::node* node = binding.get("compaction")) {
      if (!node->is_boolean()) wrong_value(*node, "compaction", "true or false");
      config.compaction = node->value_or(false);
    }
  }

  /// A format that nobody knows would be read as JSON.
  void check_format(const toml::node& node, const std::string& format, const std::vector<std::string>& known) {
    if (std::ranges::find(known, format) == known.end())
      wrong_value(node, "format", fmt::format("one of {}", fmt::join(known, ", ")));
  }

  std::map<std::string, BindingConfig> bindings(const toml::table& table, const std::string& section,
                                                const std::vector<std::string>& known) {
    std::map<std::string, BindingConfig> made;
    for (const auto& [key, value] : table) {
      const toml::table* binding = value.as_table();
      if (!binding) {
        wrong_value(value, std::string(key.str()), "a table like { file = \"samples/*.ndjson\", format = \"json\" }");
        continue;
      }
      only_keys(*binding, section + " \"" + std::string(key.str()) + "\"", known);
      BindingConfig config;
      config.span = span(key.source());
      for (const auto& [each, ignored] : *binding) config.keys.emplace_back(each.str());
      if (binding->contains("file")) config.file = from_root(text(*binding, "file"));
      config.format = text(*binding, "format");
      if (const toml::node* node = binding->get("format"); node != nullptr && node->is_string())
        check_format(*node, config.format, known == kFileKeys ? kFileFormats : kReadFormats);
      if (const toml::table* options = (*binding)["options"].as_table())
        for (const auto& [name, option] : *options) {
          config.options.emplace(name.str(), option_text(option));
        }
      of_topic(*binding, config);
      made.emplace(key.str(), std::move(config));
    }
    return made;
  }

  const Project& project_;
  const SourceSet& sources_;
  Reporter& reporter_;
  const toml::table& root_;
  uint32_t file_;
};

/// Null if it can't be read, and reported.
std::shared_ptr<const ConfigFile> parse(const std::string& path, SourceSet& sources, Reporter& reporter) {
  std::string reason;
  const auto text = read_file(path, reason);
  if (!text) {
    reporter.report(diag::FileNotReadable{.path = path, .reason = reason});
    return nullptr;
  }
  const uint32_t file = sources.add(path, *text);
  toml::parse_result parsed = toml::parse(*text, path);
  if (!parsed) {
    const std::string why(parsed.error().description());
    reporter.report(diag::BrokenToml{.path = path, .reason = why})
        .at(Config::span(sources, file, parsed.error().source()));
    return nullptr;
  }
  return std::make_shared<const ConfigFile>(ConfigFile{std::move(parsed).table(), file});
}

}  // namespace

std::optional<int64_t> memory_size(std::string_view written) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), count);
  const std::string_view unit(end, written.data() + written.size());
  const int shift = unit.empty() ? 0 : unit == "KB" ? 10 : unit == "MB" ? 20 : unit == "GB" ? 30 : -1;
  if (error != std::errc() || shift < 0 || count > (INT64_MAX >> shift) || count << shift < kLeastMemory) return {};
  return count << shift;
}

bool read_header(Project& project, SourceSet& sources, Reporter& reporter) {
  project.config = parse(*project.config_path, sources, reporter);
  if (!project.config) return false;
  Config(project, sources, reporter).header(project);
  return true;
}

Span param_place(const Project& project, const std::string& environment, const std::string& name,
                 const SourceSet& sources) {
  if (!project.config) return {};
  const toml::table* params = project.config->root["env"][environment]["param"].as_table();
  if (params == nullptr) return {};
  const auto found = params->find(name);
  return found == params->end() ? Span{} : Config::span(sources, project.config->file, found->first.source());
}

std::optional<Environment> environment(const Project& project, const std::string& name, const SourceSet& sources,
                                       Reporter& reporter) {
  const std::string chosen = name.empty() ? project.default_environment : name;
  if (!project.config || (chosen.empty() && project.environments.empty())) {
    if (!name.empty()) {
      reporter.report(diag::UnknownEnvironment{.name = name}).note("there is no braid.toml with that environment");
      return std::nullopt;
    }
    Environment bare;
    if (!project.root.empty()) bare.store = (std::filesystem::path(project.root) / "data").string();
    return bare;
  }
  return Config(project, sources, reporter).environment(chosen);
}

}  // namespace braid::cli
