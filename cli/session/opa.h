// Whether an OPA server (Open Policy Agent) lets somebody read a product: `POST` of `{"input": …}` to a decision, whose
// `result` is true or not. The input has the shape that Trino's plug-in sends, so that a policy for Trino does: the
// catalogue is the tenant, the schema the domain, the table the product.
//
// It can only refuse what the scripts allow. Whatever is not `true` refuses; an answer that is none, or no server, too.
#pragma once

#include <string>

#include "cli/project/project.h"
#include "compiler/access/read_plan.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// What is asked, as JSON.
std::string opa_input(const std::string& tenant, const access::Subject& reader, const typed::Relation& product);

/// True where nobody is to be asked. Reports a refusal (7344) and what is no answer (7345).
bool opa_allows(const Project& project, const access::Subject& reader, const typed::Relation& product,
                Reporter& reporter);

}  // namespace braid::cli
