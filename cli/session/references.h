// Values of braid.toml that are read at start: `env:NAME` is an environment variable, `file:PATH` the text of a file,
// from the project's folder, without its last line end.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "runtime/report/diagnostic.h"

namespace braid::cli {

class References {
 public:
  /// `places`: of the settings, by key. All outlives this.
  References(const std::map<std::string, Span>& places, std::string root, Reporter& reporter)
      : places_(places), root_(std::move(root)), reporter_(reporter) {}

  /// The value of a setting; a text that is not a reference as it is. Reports what cannot be read, without values.
  std::string read(const std::string& key, const std::string& written);
  /// The path of a `file:` reference or of a plain path, from the project's folder.
  std::string path(const std::string& written) const;

 private:
  Span place(const std::string& key) const { return places_.at(key); }
  std::optional<std::string> variable(const std::string& key, const std::string& name);
  std::optional<std::string> file(const std::string& key, const std::string& written);

  const std::map<std::string, Span>& places_;
  std::string root_;
  Reporter& reporter_;
};

}  // namespace braid::cli
