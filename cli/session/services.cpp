#include "cli/session/services.h"

#include <algorithm>
#include <filesystem>

#include "cli/session/format_options.h"
#include "cli/session/references.h"
#include "runtime/connect/service_load/load.h"
#include "runtime/engine/file_service.h"
#include "runtime/report/lookup_findings.h"

namespace braid::cli {
namespace {

const std::vector<std::string> kOfHttp{"api_key", "api_key_header", "ca", "password", "token", "url", "user"};
const std::vector<std::string> kOfPostgres{"ca", "database", "host", "password", "port", "tls", "user"};

std::string from_root(const std::string& path, const std::string& root) {
  const std::filesystem::path given(path);
  return given.is_absolute() || root.empty() ? path : (std::filesystem::path(root) / given).string();
}

/// What a login may be sent to: nobody on the way reads it.
bool is_private(const std::string& url) {
  return url.starts_with("https://") || url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost") ||
         url.starts_with("http://[::1]");
}

class Binder {
 public:
  Binder(ServiceSpec& spec, const Environment& environment, const std::string& root, Reporter& reporter)
      : spec_(spec), environment_(environment), root_(root), reporter_(reporter) {
    const auto known = environment.services.find(spec.name);
    if (known != environment.services.end()) config_ = &known->second;
  }

  void bind(const typed::Service& service, const std::string* input) {
    Binding& binding = spec_.binding;
    for (const auto& [name, value] : service.from.options) binding.options.emplace_back(name, option_text(value));
    if (binding.kind == "file") binding.address = from_root(binding.address, root_);
    const std::string* file = input != nullptr ? input : setting("file");
    if (file != nullptr) {
      if (*file == "-") return refuse("file", "standard input is no file that can be looked up in");
      binding = {.kind = "file", .address = input != nullptr ? *input : from_root(*file, root_), .format = {}};
      if (const std::string* format = setting("format"); format != nullptr && input == nullptr)
        binding.format = *format;
    }
    if (binding.kind == "file") {
      const bool csv = std::filesystem::path(binding.address).extension() == ".csv";
      if (binding.format.empty()) binding.format = csv ? "csv" : "json";
      if (binding.format != "csv" && binding.format != "json") refuse("format", "`csv` or `json`");
      return;
    }
    if (config_ != nullptr) settings(binding.kind == "http" ? kOfHttp : kOfPostgres);
    if (binding.kind == "http")
      http();
    else
      postgres();
  }

 private:
  const std::string* setting(const std::string& key) const {
    if (config_ == nullptr) return nullptr;
    const auto known = config_->settings.find(key);
    return known == config_->settings.end() ? nullptr : &known->second;
  }
  const std::string* given(const std::string& key) const {
    for (const auto& [name, value] : spec_.settings)
      if (name == key) return &value;
    return nullptr;
  }
  void refuse(const std::string& key, const std::string& reason) {
    reporter_.report(diag::ServiceSetting{.key = key, .service = spec_.name, .reason = reason}).at(spec_.span);
  }

  void settings(const std::vector<std::string>& known) {
    References references(config_->places, root_, reporter_);
    for (const auto& [key, written] : config_->settings) {
      if (std::ranges::find(known, key) == known.end()) {
        refuse(key, fmt::format("a service of `{}` does not take it", spec_.binding.kind));
        continue;
      }
      const std::string value = references.read(key, written);
      spec_.settings.emplace_back(key, key == "ca" ? references.path(value) : value);
    }
  }

  void http() {
    if (const std::string* url = given("url")) spec_.binding.address = *url;
    const std::string& url = spec_.binding.address;
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      return refuse("url", "an address begins with `https://` or `http://`");
    for (const char* secret : {"password", "token", "api_key"})
      if (given(secret) != nullptr && !is_private(url)) return refuse(secret, "it is sent to `https://` only");
  }

  void postgres() {
    for (const char* needed : {"host", "database", "user"}) {
      if (given(needed) != nullptr) continue;
      const std::string environment = environment_.name.empty() ? "dev" : environment_.name;
      reporter_
          .report(diag::UnboundService{.service = spec_.name,
                                       .environment = environment_.name.empty() ? "none" : environment_.name})
          .at(spec_.span)
          .note(fmt::format("name `host`, `database`, `user` and `password` in braid.toml: [env.{}.service.\"{}\"]",
                            environment, spec_.name))
          .note(fmt::format("or a file with the same fields: file = \"samples/{}.csv\"",
                            spec_.name.substr(spec_.name.rfind('.') + 1)));
      return;
    }
  }

  ServiceSpec& spec_;
  const Environment& environment_;
  const std::string& root_;
  Reporter& reporter_;
  const ServiceConfig* config_ = nullptr;
};

}  // namespace

void bind_services(Program& program, const typed::Project& project, const Environment& environment,
                   const std::map<std::string, std::string>& inputs, const std::string& root, Reporter& reporter) {
  for (ServiceSpec& spec : program.services) {
    const auto service = std::ranges::find_if(
        project.services, [&](const typed::Service& each) { return each.qualified() == spec.name; });
    const auto input = inputs.find(spec.name);
    Binder(spec, environment, root, reporter).bind(*service, input == inputs.end() ? nullptr : &input->second);
  }
}

MakeService service_clients(Fs& fs, Clock& clock) {
  return [&fs, &clock](const ServiceSpec& spec) -> Result<std::unique_ptr<Service>> {
    if (spec.binding.kind == "file") return make_file_service(fs, spec);
    BRAID_ASSIGN(const MakeServiceClient make, load_service_client(spec.binding.kind));
    return make(spec, clock);
  };
}

}  // namespace braid::cli
