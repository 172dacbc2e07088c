SELECT reason.entity, reason.scope, reason.part, scope.name, scope.next, entity."index", entity.row
  FROM reason
  JOIN scope ON scope.n = reason.scope
  LEFT JOIN entity ON entity.id = reason.entity
