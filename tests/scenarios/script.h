// A script of this folder, or one written in a test: parsed, checked, compiled. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"

namespace braid::scenarios {

class Script {
 public:
  explicit Script(std::string text);
  /// Several files, of several domains.
  explicit Script(const std::vector<std::string>& texts);
  /// `NAME.braid` of this folder, or `differential/NAME.braid`.
  static Script in_folder(const std::string& name);

  /// Errors, a line each; empty if it checks.
  const std::string& faults() const { return faults_; }
  const typed::Project& project() const { return project_; }
  /// On the interpreter.
  driver::Compiled compile(const optimize::Options& options, plan::PutOut put_out = plan::PutOut::rows) const;
  driver::Compiled compile(bool passes) const;

 private:
  SourceSet sources_;
  std::vector<std::unique_ptr<ast::Script>> scripts_;
  typed::Project project_;
  std::string faults_;
};

}  // namespace braid::scenarios
