#include "compiler/check/declarations.h"

#include <algorithm>

#include "compiler/check/closest.h"
#include "runtime/base/overloaded.h"

namespace braid::checking {
namespace {

const std::vector<ast::Clause>* clauses_of(const ast::Item& item) {
  return std::visit(
      [](const auto& node) -> const std::vector<ast::Clause>* {
        if constexpr (requires { node.clauses.front().node; }) return &node.clauses;
        return nullptr;
      },
      item.node);
}

}  // namespace

std::string domain_name(const ast::Script& script) {
  return script.domain.path.parts.empty() ? "main" : path_text(script.domain.path);
}

std::string path_text(const ast::Path& path) {
  std::string text;
  for (const ast::Name& part : path.parts) text += (text.empty() ? "" : ".") + part.text;
  return text;
}

std::string_view Declaration::kind() const {
  return std::visit(
      Overloaded{[](const ast::Policy&) { return "policy"; }, [](const ast::Test&) { return "test"; },
                 [](const ast::Param&) { return "param"; }, [](const ast::TypeAlias&) { return "type"; },
                 [](const ast::Source& source) { return source.kind == ast::SourceKind::stream ? "stream" : "table"; },
                 [](const ast::View&) { return "view"; }, [](const ast::Product&) { return "product"; },
                 [](const ast::Function&) { return "function"; }, [](const ast::Aggregate&) { return "aggregate"; },
                 [](const ast::Service&) { return "service"; }, [](const ast::ErrorItem&) { return "item"; }},
      item->node);
}

bool Declaration::is_relation() const {
  return std::holds_alternative<ast::Source>(item->node) || std::holds_alternative<ast::View>(item->node) ||
         std::holds_alternative<ast::Product>(item->node);
}

Declarations::Declarations(const std::vector<const ast::Script*>& scripts, const FunctionRegistry& functions,
                           Reporter& reporter)
    : reporter_(reporter) {
  for (const ast::Script* script : scripts) {
    auto& domain = domains_[domain_name(*script)];
    if (domain == nullptr) domain = std::make_unique<Domain>(Domain{.name = domain_name(*script)});
    domain->lost |= script->domain.path.parts.empty();
  }
  for (const ast::Script* script : scripts) collect(*script, functions);
  for (auto& [name, domain] : domains_)
    for (auto& [relation, versions] : domain->relations)
      std::stable_sort(versions.begin(), versions.end(),
                       [](const Declaration* a, const Declaration* b) { return a->version < b->version; });
  for (const ast::Script* script : scripts) resolve_uses(*script);
}

const Declaration* Declarations::keep(Declaration declaration) {
  kept_.push_back(std::make_unique<Declaration>(std::move(declaration)));
  order_.push_back(kept_.back().get());
  return kept_.back().get();
}

void Declarations::collect(const ast::Script& script, const FunctionRegistry& functions) {
  Domain& domain = *domains_.at(domain_name(script));
  for (const ast::Item& item : script.items) {
    if (const std::vector<ast::Clause>* clauses = clauses_of(item))
      for (const ast::Clause& clause : *clauses)
        if (const auto* broken = std::get_if<ast::ErrorClause>(&clause.node))
          domain.broken.insert(broken->words.begin(), broken->words.end());
    Declaration made{.item = &item, .script = &script, .domain = &domain, .name = {}};
    auto function_like = [&](const ast::Name& name) {
      made.name = name;
      if (!functions.overloads(name.text).empty())
        reporter_.report(diag::StandardName{.name = name.text})
            .at(name.span, "the name is taken")
            .note(
                "functions of the standard library are found first by their name, so a script's function needs "
                "another");
      add_named(domain.functions, made);
    };
    std::visit(
        Overloaded{
            [&](const ast::Param& param) { made.name = param.name, add_named(domain.params, made); },
            [&](const ast::TypeAlias& alias) { made.name = alias.name, add_named(domain.types, made); },
            [&](const ast::Source& source) {
              made.name = source.name;
              made.version = source.version ? source.version->value : 1;
              add_relation(domain, made);
            },
            [&](const ast::View& view) { made.name = view.name, add_relation(domain, made); },
            [&](const ast::Product& product) {
              made.name = product.name;
              made.version = product.version ? product.version->value : 1;
              add_relation(domain, made);
            },
            [&](const ast::Function& function) { function_like(function.name); },
            [&](const ast::Aggregate& aggregate) { function_like(aggregate.name); },
            [&](const ast::Service& service) { function_like(service.name); },
            [&](const ast::Test&) { keep(made); },
            [&](const ast::Policy& policy) { made.name = policy.name, keep(made); },
            [&](const ast::ErrorItem& broken) { domain.broken.insert(broken.words.begin(), broken.words.end()); },
        },
        item.node);
  }
}

void Declarations::add_relation(Domain& domain, Declaration declaration) {
  auto& versions = domain.relations[declaration.name.text];
  for (const Declaration* other : versions) {
    if (other->version != declaration.version && declaration.kind() == other->kind()) continue;
    reporter_.report(diag::DuplicateName{.name = declaration.name.text})
        .at(declaration.name.span, "declared again")
        .also(other->name.span, "first declared here")
        .note(other->kind() == "view"
                  ? "all files of a domain share their names"
                  : "all files of a domain share their names; another `version` may stand beside it");
    return;
  }
  declaration.index = static_cast<int>(relations_.size());
  versions.push_back(keep(std::move(declaration)));
  relations_.push_back(versions.back());
}

void Declarations::add_named(std::map<std::string, const Declaration*>& names, Declaration declaration) {
  const auto [place, added] = names.emplace(declaration.name.text, nullptr);
  if (added) {
    place->second = keep(std::move(declaration));
    return;
  }
  reporter_.report(diag::DuplicateName{.name = declaration.name.text})
      .at(declaration.name.span, "declared again")
      .also(place->second->name.span, "first declared here")
      .note("all files of a domain share their names");
}

const Domain* Declarations::find_domain(const std::string& name) const {
  const auto found = domains_.find(name);
  return found == domains_.end() ? nullptr : found->second.get();
}

std::vector<std::string> Declarations::domain_names() const {
  std::vector<std::string> names;
  for (const auto& [name, domain] : domains_) names.push_back(name);
  return names;
}

void Declarations::resolve_uses(const ast::Script& script) {
  for (const ast::Use& use : script.uses) {
    if (use.path.parts.empty()) continue;
    const ast::Name& target = use.path.parts.back();
    Use made{.name = use.as ? use.as->text : target.text, .domain = nullptr, .target = target.text, .version = {}};
    if (use.version) made.version = use.version->value;
    if (use.purpose) made.purpose = use.purpose->text;
    made.silent = true;
    ast::Path domain_path = use.path;
    domain_path.parts.pop_back();
    const std::string domain = path_text(domain_path);
    const Span domain_span = domain_path.parts.empty()
                                 ? use.path.span
                                 : cover(domain_path.parts.front().span, domain_path.parts.back().span);
    for (const Use& other : uses_[&script])
      if (other.name == made.name)
        reporter_.report(diag::DuplicateName{.name = made.name})
            .at(use.path.span, "brought in again")
            .note("`as` gives it another name");
    made.domain = find_domain(domain);
    if (made.domain == nullptr &&
        std::any_of(domains_.begin(), domains_.end(), [](const auto& entry) { return entry.second->lost; })) {
      uses_[&script].push_back(made);
      continue;
    }
    if (domain.empty()) {
      // `use trading`: the domain alone.
      const Domain* whole = find_domain(target.text);
      auto report = reporter_.report(
          diag::UnexpectedText{.expected = "a domain and a name in it", .found = "`" + target.text + "`"});
      report
          .at(use.path.span,
              whole != nullptr ? "a domain: which of its names?" : "`.` and a name belong behind the domain")
          .note("`use trading.trade` brings in `trade` of the domain `trading`, for `from trade`");
      uses_[&script].push_back(made);
      continue;
    }
    if (made.domain == nullptr) {
      auto report = reporter_.report(diag::UnknownDomain{.name = domain});
      report.at(domain_span, "no file begins with `domain " + domain + "`");
      if (const auto meant = closest(domain, domain_names()))
        report.fix(Applicability::likely, "use `" + *meant + "`", {{domain_span, *meant}});
      uses_[&script].push_back(made);
      continue;
    }
    const auto relation = made.domain->relations.find(target.text);
    const Declaration* found = nullptr;
    if (relation != made.domain->relations.end()) {
      found = relation->second.back();
    } else if (const auto type = made.domain->types.find(target.text); type != made.domain->types.end()) {
      found = type->second;
    } else if (const auto function = made.domain->functions.find(target.text);
               function != made.domain->functions.end()) {
      found = function->second;
    }
    if (found == nullptr && may_exist(*made.domain, target.text)) {
      uses_[&script].push_back(made);
      continue;
    }
    if (found == nullptr) {
      std::vector<std::string> names;
      for (const auto& [name, versions] : made.domain->relations)
        if (versions.back()->kind() != "view") names.push_back(name);
      for (const auto& [name, type] : made.domain->types) names.push_back(name);
      for (const auto& [name, function] : made.domain->functions) names.push_back(name);
      auto report = reporter_.report(diag::UnknownRelation{.name = path_text(use.path)});
      report.at(target.span, "the domain `" + domain + "` declares no such name");
      if (const auto meant = closest(target.text, names))
        report.fix(Applicability::likely, "use `" + *meant + "`", {{target.span, *meant}});
    } else if (made.domain->name != domain_name(script) && found->kind() == "view") {
      reporter_.report(diag::ForeignView{.name = target.text})
          .at(use.path.span, "a view of another domain")
          .also(found->name.span, "declared here")
          .note("a view is private to its domain; its owner can publish it as a `product`");
    } else if (made.domain->name != domain_name(script) && found->kind() != "product" && !found->item->is_public) {
      reporter_.report(diag::NotPublic{.name = target.text, .domain_name = domain})
          .at(use.path.span, "not to be seen from outside its domain")
          .also(found->name.span, "declared here without `public`")
          .note("its owner can write `public` before it");
    } else {
      made.silent = false;
    }
    uses_[&script].push_back(made);
  }
}

Declarations::Found Declarations::find(const Place& place, NameKind kind, const std::string& name) const {
  auto of = [&](const Domain& domain, const std::string& wanted) -> const Declaration* {
    const auto& names = kind == NameKind::type       ? domain.types
                        : kind == NameKind::function ? domain.functions
                                                     : domain.params;
    const auto found = names.find(wanted);
    return found == names.end() ? nullptr : found->second;
  };
  const Declaration* declared = of(*place.domain, name);
  const auto uses = uses_.find(place.script);
  if (declared == nullptr && uses != uses_.end() && kind != NameKind::param) {
    for (const Use& use : uses->second) {
      if (use.name != name) continue;
      if (use.silent) return {nullptr, true};
      declared = of(*use.domain, use.target);
      if (declared != nullptr) break;
    }
  }
  if (declared != nullptr) {
    note(*declared);
    return {declared, false};
  }
  return {nullptr, may_exist(*place.domain, name)};
}

Declarations::FoundRelation Declarations::find_relation(const Place& place, const std::string& name) const {
  if (const auto own = place.domain->relations.find(name); own != place.domain->relations.end())
    return {own->second, {}, {}, false};
  if (const auto uses = uses_.find(place.script); uses != uses_.end()) {
    for (const Use& use : uses->second) {
      if (use.name != name) continue;
      if (use.silent) return {{}, {}, {}, true};
      const auto found = use.domain->relations.find(use.target);
      if (found != use.domain->relations.end()) return {found->second, use.version, use.purpose, false};
    }
  }
  return {{}, {}, {}, may_exist(*place.domain, name)};
}

bool Declarations::may_exist(const Domain& domain, const std::string& name) const {
  const bool may = domain.lost || domain.broken.contains(name) ||
                   std::any_of(domains_.begin(), domains_.end(), [&](const auto& entry) {
                     const Domain& other = *entry.second;
                     return other.lost && (other.relations.contains(name) || other.types.contains(name) ||
                                           other.functions.contains(name) || other.params.contains(name) ||
                                           other.broken.contains(name));
                   });
  met_unreadable_ |= may;
  return may;
}

std::vector<std::string> Declarations::names(const Place& place, NameKind kind) const {
  std::vector<std::string> names;
  auto add = [&](const auto& map) {
    for (const auto& [name, declaration] : map) names.push_back(name);
  };
  switch (kind) {
    case NameKind::relation:
      add(place.domain->relations);
      break;
    case NameKind::type:
      add(place.domain->types);
      break;
    case NameKind::function:
      add(place.domain->functions);
      break;
    case NameKind::param:
      add(place.domain->params);
      break;
  }
  if (const auto uses = uses_.find(place.script); uses != uses_.end() && kind != NameKind::param)
    for (const Use& use : uses->second)
      if (!use.silent) names.push_back(use.name);
  return names;
}

}  // namespace braid::checking
