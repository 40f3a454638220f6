package io.runcible.junit;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What {@link EnabledIfContainersAvailable} does. */
public final class ContainersAvailableCondition implements ExecutionCondition {
  private static final String REQUIRED = "runcible.required";

  /** For JUnit. */
  public ContainersAvailableCondition() {}

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (Boolean.getBoolean(REQUIRED)) {
      return ConditionEvaluationResult.enabled("-D" + REQUIRED + "=true");
    }
    return TestRun.of(context)
        .missing()
        .map(ConditionEvaluationResult::disabled)
        .orElseGet(() -> ConditionEvaluationResult.enabled("this host runs containers"));
  }
}
