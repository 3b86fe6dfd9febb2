"""Templates as platform teams have them, in small."""

from provisioning.components.kinds.cloudformation.imported_template import Identity

IDENTITY = Identity(
    boundary="the boundary",
    role_path="/portal/env/payments/shop-dev-nd524/",
    tags={"portal:team": "payments", "portal:generation": "nd524"},
    bucket="pt-payments--nd524-{}".format,
    secret="portal/payments/shop-dev-nd524/{}".format,
    parameter="/portal/payments/shop-dev-nd524/{}".format,
    log_group="/portal/payments/shop-dev-nd524/{}".format,
)

DATABASE = """
AWSTemplateFormatVersion: 2010-09-09
Description: A database with a password
Metadata:
  AWS::CloudFormation::Interface:
    ParameterGroups:
      - Label: {default: Database}
        Parameters: [DBPassword, DBClass]
    ParameterLabels:
      DBClass: {default: Instance class.}
Parameters:
  Subnets:
    Type: List<AWS::EC2::Subnet::Id>
  Storage:
    Type: Number
    Default: 20
    MinValue: 20
    MaxValue: 100
    ConstraintDescription: must be between 20 and 100 GiB.
  DBClass:
    Type: String
    Default: db.t4g.micro
    AllowedValues: [db.t4g.micro, db.t4g.small]
  DBName:
    Type: String
    Description: Name of the database
    AllowedPattern: "[a-z][a-z0-9]*"
    MinLength: 1
    MaxLength: 20
  DBPassword:
    Type: String
    NoEcho: true
    MinLength: "8"
    MaxLength: "41"
    AllowedPattern: "[a-zA-Z][a-zA-Z0-9]*"
Conditions:
  Big: !Equals [!Ref DBClass, db.t4g.small]
Resources:
  Group:
    Type: AWS::RDS::DBSubnetGroup
    Properties:
      DBSubnetGroupDescription: Where it lives
      SubnetIds: !Ref Subnets
  Database:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      DBName: !Ref DBName
      DBInstanceClass: !Ref DBClass
      AllocatedStorage: !Ref Storage
      MasterUsername: owner
      MasterUserPassword: !Ref DBPassword
      DBSubnetGroupName: !Ref Group
      MultiAZ: !If [Big, true, false]
  Url:
    Type: AWS::SecretsManager::Secret
    Properties:
      SecretString: !Sub "postgres://owner:${DBPassword}@${Database.Endpoint.Address}/${DBName}"
  Reader:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: ec2.amazonaws.com}
            Action: sts:AssumeRole
Outputs:
  Endpoint:
    Value: !GetAtt Database.Endpoint.Address
"""

TOPIC = """
Parameters:
  Owner: {Type: String, Default: platform}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !Sub "${AWS::StackName} of ${Owner}"
Outputs:
  TopicArn: {Value: !Ref Topic}
"""
