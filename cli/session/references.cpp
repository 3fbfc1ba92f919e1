#include "cli/session/references.h"

#include <cstdlib>
#include <filesystem>

#include "cli/project/kafka_config.h"

namespace braid::cli {

std::string References::read(const std::string& key, const std::string& written) {
  if (!is_reference(written)) return written;
  const size_t colon = written.find(':');
  std::optional<std::string> value =
      written.starts_with("env:") ? variable(key, written.substr(colon + 1)) : file(key, written.substr(colon + 1));
  if (value && value->empty())
    reporter_.report(diag::EmptyReference{.setting = key, .reference = written}).at(place(key));
  return value.value_or("");
}

std::string References::path(const std::string& written) const {
  const std::filesystem::path given(written);
  return given.is_absolute() || root_.empty() ? written : (std::filesystem::path(root_) / given).string();
}

std::optional<std::string> References::variable(const std::string& key, const std::string& name) {
  if (const char* value = std::getenv(name.c_str())) return value;
  reporter_.report(diag::UnsetVariable{.name = name}).at(place(key), "is read from it");
  return std::nullopt;
}

std::optional<std::string> References::file(const std::string& key, const std::string& written) {
  const std::string where = path(written);
  std::string reason;
  std::optional<std::string> text = read_file(where, reason);
  if (!text) {
    reporter_.report(diag::FileNotReadable{.path = where, .reason = reason}).at(place(key), "is read from it");
    return std::nullopt;
  }
  // Editors and `echo` end a file with a line end, which is not part of a password.
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

}  // namespace braid::cli
