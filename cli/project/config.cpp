#include "cli/project/config.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>

#define TOML_EXCEPTIONS 0
// Version 3.3 asserts what a broken text may well break ("[" and a line end), before code that reports just that.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include "runtime/report/suggest.h"

namespace braid::cli {

struct ConfigFile {
  toml::table root;
  uint32_t file = 0;  ///< of the sources
};

namespace {

const std::vector<std::string> kProjectKeys{"name", "default_env"};
const std::vector<std::string> kEnvironmentKeys{"store", "workers", "memory", "bind", "out", "param"};
/// Known to the language, read by a deployment over Kafka; `run` says so.
const std::vector<std::string> kKafkaKeys{"brokers", "schema_registry", "delivery", "group", "transactional_id"};
const std::string kMemoryForm = "a size of at least 8MB, like \"512MB\"";
const std::vector<std::string> kBindingKeys{"file", "format", "options"};

class Config {
 public:
  Config(const Project& project, const SourceSet& sources, Reporter& reporter)
      : project_(project),
        sources_(sources),
        reporter_(reporter),
        root_(project.config->root),
        file_(project.config->file) {}

  void header(Project& project) {
    only_keys(root_, "braid.toml", {"project", "env"});
    if (const toml::table* table = root_["project"].as_table()) {
      only_keys(*table, "[project]", kProjectKeys);
      project.name = text(*table, "name");
      project.default_environment = text(*table, "default_env");
    }
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
    std::vector<std::string> known = kEnvironmentKeys;
    known.insert(known.end(), kKafkaKeys.begin(), kKafkaKeys.end());
    only_keys(*table, "[env." + name + "]", known);
    for (const std::string& key : kKafkaKeys)
      if (table->contains(key)) made.kafka_keys.push_back(key);
    made.store = from_root(table->contains("store") ? text(*table, "store") : "data");
    if (const toml::node* workers = table->get("workers")) {
      made.workers = static_cast<int>(workers->value_or(int64_t{0}));
      if (made.workers < 1 || made.workers > 64) wrong_value(*workers, "workers", "a number from 1 to 64");
    }
    if (const toml::node* memory = table->get("memory")) made.memory_bytes = bytes(*memory);
    if (const toml::table* bound = (*table)["bind"].as_table()) made.bind = bindings(*bound, "[env." + name + ".bind]");
    if (const toml::table* bound = (*table)["out"].as_table()) made.out = bindings(*bound, "[env." + name + ".out]");
    if (const toml::table* params = (*table)["param"].as_table())
      for (const auto& [key, value] : *params) made.params.emplace(key.str(), literal(value));
    return made;
  }

  static Span span(const SourceSet& sources, uint32_t file, const toml::source_region& region) {
    const std::string& text = sources.file(file).text;
    const uint32_t begin = offset(text, region.begin);
    return {file, begin, std::max(begin, offset(text, region.end))};
  }

 private:
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

  void only_keys(const toml::table& table, const std::string& section, const std::vector<std::string>& known) {
    for (const auto& [key, value] : table) {
      const std::string name(key.str());
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const Span place = span(key.source());
      auto finding = reporter_.report(diag::UnknownKey{.section = section, .key = name});
      finding.at(place);
      if (const auto near = closest(name, known))
        finding.fix(Applicability::likely, "use `" + *near + "`", {{place, *near}});
      else
        finding.note(fmt::format("it takes: {}", fmt::join(known, ", ")));
    }
  }

  void wrong_value(const toml::node& node, const std::string& key, const std::string& expected) {
    reporter_
        .report(diag::FlagValue{
            .option = key, .expected = expected, .found = std::string(sources_.text(span(node.source())))})
        .at(span(node.source()));
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
    if (const auto* string = value.as_string()) return "\"" + string->get() + "\"";
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

  std::map<std::string, BindingConfig> bindings(const toml::table& table, const std::string& section) {
    std::map<std::string, BindingConfig> made;
    for (const auto& [key, value] : table) {
      const toml::table* binding = value.as_table();
      if (!binding) {
        wrong_value(value, std::string(key.str()), "a table like { file = \"samples/*.ndjson\", format = \"json\" }");
        continue;
      }
      only_keys(*binding, section + " \"" + std::string(key.str()) + "\"", kBindingKeys);
      BindingConfig config;
      config.span = span(key.source());
      config.file = from_root(text(*binding, "file"));
      config.format = text(*binding, "format");
      if (const toml::table* options = (*binding)["options"].as_table())
        for (const auto& [name, option] : *options) {
          config.options.emplace(name.str(), option_text(option));
        }
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
