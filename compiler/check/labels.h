// Labels of fields, such as `#pii`: their names, where they stand, and what they mean for readers of other domains.
#pragma once

#include "compiler/check/context.h"

namespace braid::checking {

/// Whether braid.toml declares it, or declares none at all; reports it.
bool known_label(Context& context, const ast::Label& label);
/// Reports labels that are not declared, and those where they say nothing. `of_run`: as check_all.
void check_label_names(Context& context, bool of_run);
/// Of fields that follow from a flow: reports their labels.
void no_labels(Context& context, const ast::Fields& fields);
/// Labels inside a field's type, as SourceField::labels_below has them.
std::vector<std::pair<std::vector<int>, std::string>> labels_below(Context& context, const Place& place,
                                                                   const ast::Type& type);
/// As Service::result_labels has them, of a struct of so many fields.
std::vector<std::vector<std::string>> result_labels(Context& context, const Place& place, const ast::Type& result,
                                                    size_t fields);
/// Of a project without errors: gives every relation its labels, and reports what others read of them.
void follow_labels(Context& context);

}  // namespace braid::checking
