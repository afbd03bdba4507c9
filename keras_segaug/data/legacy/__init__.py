"""What the migration of `ImageDataGenerator` is made of: arguments, findings, arithmetic."""
